"""Names become networks: timm's by name, with weights that a package ships, from the hub, or none."""
