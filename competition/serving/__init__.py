"""The trained vote on new images: folder prediction, confidence, ONNX."""
