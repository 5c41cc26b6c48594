"""Makes app/src/test/resources/tokenizer/kinds/*.json, small tokenizers of every kind of model, and added_tokens.json
beside that folder: what transformers makes of texts when files beside tokenizer.json add tokens.

Run in the root of the repository: python scripts/golden/make_tokenizers.py (made with transformers 5.17, tokenizers
0.23.2)."""

import json
import pathlib
import tempfile

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

RESOURCES = pathlib.Path("app/src/test/resources/tokenizer")
CORPUS = [
    "The tokenizer cuts a text into tokens, and the tokens are what a model gets to see.",
    "A short text has few tokens; a long text has many more of them than a short one.",
    "Every token is known to the model by its number, and every number stands for one token.",
]
TEXTS = ["", "The tokens of a text.", "known tokens", "a  token\n<unk> é東", "xylophone quizzes \U0001f600"]


def word_piece(unknown):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[CLS]", "[SEP]"] + (["[UNK]"] if unknown else [])
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 1), ("[CLS]", 0))
    return tokenizer


def word_level(unknown):
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordLevelTrainer(special_tokens=["<unk>"] if unknown else [], show_progress=False)
    )
    return tokenizer


def unigram(unknown):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.UnigramTrainer(vocab_size=60, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False),
    )
    if not unknown:
        described = json.loads(tokenizer.to_str())
        described["model"]["unk_id"] = None
        tokenizer = Tokenizer.from_str(json.dumps(described))
    return tokenizer


def byte_fallback():
    """As LLaMA and Mistral have it: pieces of SentencePiece, and bytes for what there is no piece for."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    letters = sorted(set("".join(CORPUS).replace(" ", "▁")))
    merges = [("t", "o"), ("k", "e"), ("to", "ke"), ("toke", "n"), ("▁", "token"), ("▁", "a"), ("h", "e"), ("T", "he")]
    pieces += letters + ["".join(merge) for merge in merges]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=merges,
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece in pieces[:3]])
    return tokenizer


def write_kinds():
    (RESOURCES / "kinds").mkdir(exist_ok=True)
    golden = {}
    kinds = {"word_piece": word_piece(True), "word_level": word_level(True), "unigram": unigram(True)}
    for name, tokenizer in (kinds | {"byte_fallback": byte_fallback()}).items():
        tokenizer.save(str(RESOURCES / "kinds" / f"{name}.json"), pretty=False)
        golden[name] = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    without_unknown = {
        "word_piece_without_unknown": word_piece(False),
        "word_level_without_unknown": word_level(False),
        "unigram_without_unknown": unigram(False),
    }
    for name, tokenizer in without_unknown.items():
        tokenizer.save(str(RESOURCES / "kinds" / f"{name}.json"), pretty=False)
        golden[name] = [{"text": "tokens", "ids": tokenizer.encode("tokens").ids}]
        try:
            tokenizer.encode("東")
            raise SystemExit(f"{name} encodes what it has no token for")
        except Exception as e:
            print(f"{name}: {e}")
    write(RESOURCES / "kinds.golden.json", golden)


def token(content, **flags):
    defaults = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"content": content} | defaults | flags


# The files beside tokenizer.json, by setup.
SETUPS = {
    "legacy": {"added_tokens.json": {"<|extra|>": 320, "<|Other|>": 321}},
    "legacy, numbered with a gap": {"added_tokens.json": {"<|extra|>": 400, "<|Other|>": 390}},
    "legacy, at ids that are taken": {"added_tokens.json": {"<|extra|>": 0, "token": 321}},
    "legacy, named special": {
        "added_tokens.json": {"<|extra|>": 320, "<|Other|>": 321},
        "special_tokens_map.json": {"pad_token": "<|extra|>", "eos_token": "</s>"},
    },
    "legacy, special as an object": {
        "added_tokens.json": {"<|extra|>": 320},
        "special_tokens_map.json": {"pad_token": token("<|extra|>", lstrip=True, normalized=True)},
    },
    "legacy, extra special tokens": {
        "added_tokens.json": {"<|extra|>": 320, "<|Other|>": 321},
        "special_tokens_map.json": {"additional_special_tokens": ["<|Other|>", "<|third|>"]},
    },
    "map overrides config": {
        "tokenizer_config.json": {"pad_token": "<|extra|>", "extra_special_tokens": ["<|third|>"]},
        "special_tokens_map.json": {"pad_token": "<|Other|>", "extra_special_tokens": ["<|extra|>"]},
    },
    "decoder": {
        "tokenizer_config.json": {
            "added_tokens_decoder": {
                "0": token("<s>", special=True),
                "321": token("<|Other|>", rstrip=True),
                "320": token("<|extra|>", lstrip=True, special=True),
            }
        }
    },
    "decoder, legacy files do not count": {
        "tokenizer_config.json": {"added_tokens_decoder": {"320": token("<|extra|>")}},
        "added_tokens.json": {"<|Other|>": 321},
        "special_tokens_map.json": {"pad_token": "<|third|>"},
    },
    "decoder, normalised": {
        "tokenizer_config.json": {
            "added_tokens_decoder": {"320": token("<|Other|>", normalized=True), "321": token("<|extra|>")}
        }
    },
    "decoder, single word": {
        "tokenizer_config.json": {"added_tokens_decoder": {"320": token("tok", single_word=True)}}
    },
    "decoder, a word of the vocabulary": {
        "tokenizer_config.json": {"added_tokens_decoder": {"5": token("The"), "320": token("<|extra|>")}}
    },
    "decoder, flags of a known token changed": {
        "tokenizer_config.json": {"added_tokens_decoder": {"0": token("<s>", rstrip=True, lstrip=True, special=True)}}
    },
    "named": {
        "tokenizer_config.json": {
            "pad_token": "<|extra|>",
            "eos_token": {"__type": "AddedToken"} | token("<|Other|>", rstrip=True),
            "bos_token": "<s>",
            "image_token": "<|third|>",
        }
    },
    "extra special tokens": {
        "tokenizer_config.json": {"extra_special_tokens": ["<|third|>", "<|extra|>"], "additional_special_tokens": ["x"]}
    },
    "additional special tokens": {
        "tokenizer_config.json": {"additional_special_tokens": ["<|third|>", "<|extra|>", "<s>"]}
    },
    "extra special tokens by name": {
        "tokenizer_config.json": {"extra_special_tokens": {"image": "<|third|>", "audio_token": "<|extra|>"}}
    },
    "nothing": {"tokenizer_config.json": {"add_bos_token": True, "model_max_length": 10**30, "clean_up": None}},
}
SETUP_TEXTS = [
    "a <|extra|> b",
    "a <|Other|> b<|other|>  c",
    "x<|third|>\n<|extra|><|extra|>y </s> <s> z",
    "The tok token",
]


def write_added_tokens():
    golden = []
    plain = json.loads((RESOURCES / "tokenizer.json").read_text())
    plain["truncation"] = plain["padding"] = None
    lower = plain | {"normalizer": {"type": "Lowercase"}}
    for base, described in {"plain": plain, "lower case": lower}.items():
        for name, files in SETUPS.items():
            with tempfile.TemporaryDirectory() as directory:
                folder = pathlib.Path(directory)
                written = dict(files)
                written["tokenizer_config.json"] = {"tokenizer_class": "PreTrainedTokenizerFast"} | files.get(
                    "tokenizer_config.json", {}
                )
                for file, contents in ({"tokenizer.json": described} | written).items():
                    (folder / file).write_text(json.dumps(contents))
                tokenizer = AutoTokenizer.from_pretrained(folder)
                texts = [
                    {
                        "text": text,
                        "ids": tokenizer(text).input_ids,
                        "decoded": tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True),
                    }
                    for text in SETUP_TEXTS
                ]
            golden.append({"setup": name, "lowerCase": base != "plain", "files": written, "texts": texts})
    write(RESOURCES / "added_tokens.golden.json", golden)


def write(path, golden):
    entries = golden.items() if isinstance(golden, dict) else golden
    lines = [f"{json.dumps(e[0])}: {json.dumps(e[1])}" if isinstance(golden, dict) else json.dumps(e) for e in entries]
    brackets = "{}" if isinstance(golden, dict) else "[]"
    path.write_text(brackets[0] + "\n" + ",\n".join(lines) + "\n" + brackets[1] + "\n")


if __name__ == "__main__":
    write_kinds()
    write_added_tokens()
