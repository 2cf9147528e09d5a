"""The hard sample: 28 classes in seven families of look-alikes, small text, heavy damage."""
