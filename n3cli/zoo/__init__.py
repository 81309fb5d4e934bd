"""Pretrained models: folders of config.json, model.safetensors and README.md ↔ ready networks."""
