"""The config of a LLaMA whose layers differ as DeciLM's do: what FastForward leaves for vLLM after pruning.

    vllm serve DIRECTORY --trust-remote-code

vLLM has the model (`DeciLMForCausalLM`), but no class for its config. It reads `block_configs[layer].attention.no_op`,
`.attention.n_heads_in_group`, `.ffn.no_op` and `.ffn.ffn_mult` as attributes, so the sections of config.json become
objects here. A module whose `no_op` is true has no tensors, and no normalisation.
"""
from types import SimpleNamespace

from transformers import LlamaConfig


def as_objects(block):
    return SimpleNamespace(**{module: SimpleNamespace(**settings) for module, settings in block.items()})


def as_dicts(block):
    return {module: dict(vars(settings)) for module, settings in vars(block).items()}


class FastForwardDeciLMConfig(LlamaConfig):
    model_type = "nemotron-nas"

    @classmethod
    def from_dict(cls, config_dict, **kwargs):
        found = super().from_dict(config_dict, **kwargs)
        config = found[0] if isinstance(found, tuple) else found
        config.block_configs = [as_objects(block) for block in config.block_configs]
        return found

    def to_dict(self):
        values = super().to_dict()
        values["block_configs"] = [
            block if isinstance(block, dict) else as_dicts(block) for block in getattr(self, "block_configs", [])]
        return values

    def validate_architecture(self):
        """No layer goes by the hidden size divided by the number of heads."""
