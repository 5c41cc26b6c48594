"""What the scripts beside this one share: writing golden files, and pruning with masks."""
import base64
import json

import torch
import transformers
from transformers import AutoModelForCausalLM

VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__}


def array(tensor):
    """Base64 of little-endian float32, row-major."""
    tensor = tensor.detach().to(torch.float32).contiguous()
    return {"shape": list(tensor.shape), "float32": base64.b64encode(tensor.numpy().tobytes()).decode()}


def tensor(array):
    """The opposite of array()."""
    return torch.frombuffer(bytearray(base64.b64decode(array["float32"])), dtype=torch.float32).view(array["shape"])


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def load(directory, **options):
    options = {"attn_implementation": "eager", **options}
    return AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, **options).eval()


# --- pruning with masks ----------------------------------------------------------------------------------------------


def decoder_layers(model):
    return getattr(model.model, "decoder", model.model).layers


def output_maps(model):
    """The output maps of all modules in the order of a policy: attention and MLP of layer 0, of layer 1, …"""
    if model.config.model_type == "opt":
        return [m for layer in decoder_layers(model) for m in (layer.self_attn.out_proj, layer.fc2)]
    return [m for layer in decoder_layers(model) for m in (layer.self_attn.o_proj, layer.mlp.down_proj)]


def head_size(model):
    return decoder_layers(model)[0].self_attn.head_dim


def queries_per_group(model):
    return model.config.num_attention_heads // getattr(
        model.config, "num_key_value_heads", model.config.num_attention_heads)


def features_per_unit(model, module):
    return head_size(model) * queries_per_group(model) if module % 2 == 0 else 1


@torch.no_grad()
def mask(model, kept):
    """Zeroes the columns of the units that are not kept; kept is one list of units a module."""
    for module, (output, units) in enumerate(zip(output_maps(model), kept)):
        width = features_per_unit(model, module)
        removed = torch.ones(output.in_features // width, dtype=torch.bool)
        removed[units] = False
        output.weight[:, removed.repeat_interleave(width)] = 0
