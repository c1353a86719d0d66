"""Deployments: options, what is deployed (a model of any framework, scoring code, a bundle), and the rollout that all end in."""
