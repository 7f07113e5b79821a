"""The first version of this service: Flask, one paper at a time, transformers for both models.

The extractor reads a whole paper at once and writes the names of diseases, greedily and without a schema.
"""

import sys
from collections.abc import Sequence
from typing import Any

from loadtest.bench.closed_loop import Call
from loadtest.bench.measurement import Work
from loadtest.bench.peers import models
from loadtest.bench.peers.peer import OverHttp, Peer, json_call, text_of
from pubserve import Paper


def _calls(work: Work, papers: Sequence[Paper]) -> Sequence[Call]:
    texts = [{"text": text_of(paper)} for paper in papers]
    return [json_call(path, text) for text in texts for path in ("/predict", "/ExtractDisease")]


FLASK = Peer(
    name="flask",
    runs="The first version of this service: Flask, one paper at a time; the same classifier in transformers, and "
    "SmolLM2-135M in transformers, which writes the names of diseases after the whole paper.",
    program=("-m", "loadtest.bench.peers.flask_one_by_one", "{port}"),
    works=(Work.ANALYZE,),
    drive=OverHttp(_calls),
)


def create_app() -> Any:
    import torch
    from flask import Flask, request

    from serve.extractor.prompt import build_prompt

    classifier, classifier_tokenizer = models.classifier()
    generator, generator_tokenizer = models.generator()
    max_new_tokens = models.settings().extractor.max_output_tokens
    app = Flask(__name__)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict")
    @torch.inference_mode()
    def predict() -> dict[str, Any]:
        encoded = classifier_tokenizer(request.get_json()["text"], truncation=True, return_tensors="pt")
        confidences = models.labels(classifier, classifier(**encoded).logits[0].sigmoid().tolist())
        return {
            "predicted_labels": [label for label, given in confidences.items() if given >= 0.5],
            "confidence_scores": confidences,
        }

    @app.post("/ExtractDisease")
    @torch.inference_mode()
    def extract_disease() -> dict[str, Any]:
        prompt = generator_tokenizer(build_prompt(request.get_json()["text"]), return_tensors="pt")
        written = generator.generate(
            **prompt, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=generator_tokenizer.eos_token_id
        )
        answer = generator_tokenizer.decode(written[0, prompt.input_ids.shape[1] :], skip_special_tokens=True)
        names = [name.strip(' "') for name in answer.strip().strip("[]").split(",")]
        return {"abstract_id": "text", "extracted_diseases": [name for name in names if name]}

    return app


if __name__ == "__main__":
    create_app().run(port=int(sys.argv[1]), threaded=False)
