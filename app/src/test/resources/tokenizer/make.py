"""Makes tokenizer.json, a small byte-level BPE, and golden.json, what Hugging Face's own library makes of some texts.

Run in this directory: python make.py (needs the package "tokenizers"; made with 0.23.2)."""

import json

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

CORPUS = [
    "The tokenizer cuts a text into tokens, and the tokens are what a model gets to see.",
    "A short text has few tokens; a long text has many more of them than a short one.",
    "Every token is known to the model by its number, and every number stands for one token.",
]

TEXTS = [
    "",
    " ",
    "\n",
    " \t\n  \r\n",
    "The tokens of a text.",
    "The  tokens   of\n\na text.\n",
    "the TOKENIZER cuts words that it never saw: xylophone, 1234567890",
    "naïve café – “quotes” 東京 Привет مرحبا \U0001f600\U0001f469\u200d\U0001f467",
    "e\u0301 \u00e9 \ufeff \u2028 \u0000 \u007f \ud7ff \uffff",
    "<s>literal special tokens</s> and <s",
    "a" * 1000,
]

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.train_from_iterator(
    CORPUS,
    trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    ),
)
tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])

golden = [
    {"text": text, "plain": tokenizer.encode(text, add_special_tokens=False).ids, "special": tokenizer.encode(text).ids}
    for text in TEXTS
]
with open("golden.json", "w", encoding="ascii") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry) for entry in golden) + "\n]\n")

# The file asks for both; a text must be neither cut nor padded all the same.
tokenizer.enable_truncation(max_length=4)
tokenizer.enable_padding(length=8)
tokenizer.save("tokenizer.json", pretty=False)
