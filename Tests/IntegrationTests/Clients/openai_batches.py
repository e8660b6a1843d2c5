# SPDX-License-Identifier: Apache-2.0
#
# OpenAI's files and batches with OpenAI's package. Usage: openai_batches.py URL MODEL
# Or, around the end of a daemon: openai_batches.py URL MODEL begin COUNT, which prints a batch's id as soon as some of
# its requests are answered, and openai_batches.py URL MODEL finish COUNT ID, which waits for its results.
import io
import json
import sys
import time

import openai

url, model, *rest = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=5, timeout=120)
FINAL = ["failed", "completed", "expired", "cancelled"]


def line(number, text=None, **body):
    body = {"model": model, "input": text or f"the text with the number {number}"} | body
    return json.dumps({"custom_id": f"request-{number}", "method": "POST", "url": "/v1/embeddings", "body": body})


def create(lines, **more):
    file = client.files.create(file=("in.jsonl", io.BytesIO("\n".join(lines).encode())), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h", **more)
    return file, batch


def wait(id, until=FINAL):
    while (batch := client.batches.retrieve(id)).status not in until:
        time.sleep(0.02)
    return batch


def results(id):
    return [json.loads(each) for each in client.files.content(id).text.splitlines()] if id else []


def answers_are_those_of_the_route():
    bad = json.dumps({"custom_id": "bad", "method": "POST", "url": "/v1/embeddings", "body": {"input": ""}})
    none = json.dumps(
        {"custom_id": "none", "method": "POST", "url": "/v1/embeddings", "body": {"input": "a", "model": "no/such"}})
    lines = [line(number) for number in range(20)] + [line("short", dimensions=64, encoding_format="base64"), bad, none]
    file, batch = create(lines, metadata={"for": "tests"})
    assert batch.status in ["validating", "in_progress"] and batch.metadata == {"for": "tests"}, batch
    assert batch.expires_at == batch.created_at + 86400 and file.purpose == "batch", (file, batch)
    batch = wait(batch.id)
    assert batch.status == "completed" and batch.completed_at >= batch.in_progress_at >= batch.created_at, batch
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (23, 21, 2), counts
    output = {each["custom_id"]: each for each in results(batch.output_file_id)}
    assert len(output) == 21, output.keys()
    for each in output.values():
        assert each["response"]["status_code"] == 200 and each["error"] is None and each["id"], each
    answer = openai.types.CreateEmbeddingResponse.model_validate(output["request-3"]["response"]["body"])
    text = "the text with the number 3"
    direct = client.embeddings.create(model=model, input=text, encoding_format="float")
    assert answer.data[0].embedding == direct.data[0].embedding and answer.model == model
    assert isinstance(output["request-short"]["response"]["body"]["data"][0]["embedding"], str)
    errors = {each["custom_id"]: each["response"] for each in results(batch.error_file_id)}
    assert errors["bad"]["status_code"] == 400 and errors["none"]["status_code"] == 404, errors
    assert errors["bad"]["body"]["error"]["param"] == "input", errors
    assert batch.id in [each.id for each in client.batches.list(limit=1)]
    assert {file.id, batch.output_file_id} <= {each.id for each in client.files.list(limit=1)}
    assert client.files.retrieve(batch.output_file_id).purpose == "batch_output"
    assert client.files.delete(file.id).deleted
    try:
        client.files.retrieve(file.id)
    except openai.NotFoundError:
        pass
    else:
        raise AssertionError("it is still there")


def a_wrong_file_fails_and_says_where():
    _, batch = create([line(1), "{", line(1), line(2).replace("/v1/embeddings", "/v1/chat/completions")])
    batch = wait(batch.id)
    assert batch.status == "failed" and batch.failed_at and batch.output_file_id is None, batch
    found = [(each.line, each.code) for each in batch.errors.data]
    assert found == [(2, "invalid_json_line"), (3, "duplicate_custom_id"), (4, "invalid_url")], found
    _, empty = create([""])
    assert [each.code for each in wait(empty.id).errors.data] == ["empty_file"]
    for wrong in [dict(endpoint="/v1/completions"), dict(completion_window="1h"), dict(input_file_id="file-none")]:
        order = dict(input_file_id=batch.input_file_id, endpoint="/v1/embeddings", completion_window="24h") | wrong
        try:
            client.batches.create(**order)
        except openai.BadRequestError as error:
            assert error.param == list(wrong)[0], error
        else:
            raise AssertionError(wrong)


def a_cancelled_batch_gives_what_is_ready():
    long = " ".join(["word"] * 400)
    _, batch = create([line(number, [f"{number} {long}"] * 4) for number in range(2000)])
    while client.batches.retrieve(batch.id).request_counts.completed == 0:
        time.sleep(0.02)
    batch = client.batches.cancel(batch.id)
    assert batch.status in ["cancelling", "cancelled"] and batch.cancelling_at, batch
    batch = wait(batch.id)
    assert batch.status == "cancelled" and batch.cancelled_at >= batch.cancelling_at, batch
    ready = results(batch.output_file_id)
    assert 0 < len(ready) == batch.request_counts.completed < 2000, batch


def begin(count):
    long = " ".join(["word"] * 400)
    texts = [[f"{number} {part} {long}" for part in range(8)] for number in range(count)]
    file, batch = create([line(number, texts[number]) for number in range(count)])
    client.files.delete(file.id)
    while client.batches.retrieve(batch.id).request_counts.completed == 0:
        time.sleep(0.01)
    assert client.batches.retrieve(batch.id).status == "in_progress"
    print(batch.id)


def finish(count, id):
    batch = wait(id)
    assert batch.status == "completed", batch
    names = [each["custom_id"] for each in results(batch.output_file_id)]
    assert sorted(names) == sorted(f"request-{number}" for number in range(count)), len(names)


if rest[:1] == ["begin"]:
    begin(int(rest[1]))
elif rest[:1] == ["finish"]:
    finish(int(rest[1]), rest[2])
else:
    for check in [answers_are_those_of_the_route, a_wrong_file_fails_and_says_where,
                  a_cancelled_batch_gives_what_is_ready]:
        check()
        print(check.__name__)
