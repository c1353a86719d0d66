"""What scoring code imports of Azure ML inside an endpoint of onnxport."""
