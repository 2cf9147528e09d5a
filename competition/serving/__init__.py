"""Serving of the trained vote on new images: folder prediction, confidence, ONNX."""
