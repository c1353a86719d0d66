"""The endpoint's contract: OpenAPI, Swagger and the page at `/docs`, computed at load into bytes."""
