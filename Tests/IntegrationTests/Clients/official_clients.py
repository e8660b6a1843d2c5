# SPDX-License-Identifier: Apache-2.0
#
# The packages that people use, against a daemon that speaks HTTP. Usage: official_clients.py URL MODEL
import math
import sys

url, model = sys.argv[1], sys.argv[2]
texts = ["a dog barks", "a puppy yaps", "interest rates rise"]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)


def check_vectors(vectors):
    assert len(vectors) == 3 and len(vectors[0]) == 384, (len(vectors), len(vectors[0]))
    assert cosine(vectors[0], vectors[1]) > cosine(vectors[0], vectors[2]) + 0.1


def check_order(results):
    scores = [result.relevance_score for result in results]
    assert scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores), scores
    assert results[-1].index == 2, results


def openai_package():
    import openai

    client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
    # Without encoding_format the package asks for base64 and decodes it.
    answer = client.embeddings.create(model=model, input=texts)
    check_vectors([item.embedding for item in answer.data])
    assert answer.usage.prompt_tokens > 0 and answer.model == model
    floats = client.embeddings.create(model=model, input=texts, encoding_format="float")
    assert max(abs(a - b) for a, b in zip(floats.data[0].embedding, answer.data[0].embedding)) < 1e-6
    short = client.embeddings.create(model=model, input="one", dimensions=64, extra_body={"input_type": "query"})
    assert len(short.data[0].embedding) == 64
    assert model in [each.id for each in client.models.list()]
    assert client.models.retrieve(model).owned_by == "hearth"
    for wrong, kind in [
        (dict(model="no/such-model", input="a"), openai.NotFoundError),
        (dict(model=model, input=""), openai.BadRequestError),
        (dict(model=model, input=["a"], dimensions=100000), openai.BadRequestError),
    ]:
        try:
            client.embeddings.create(**wrong)
        except kind as error:
            assert error.body["message"], error
        else:
            raise AssertionError(wrong)


def openai_package_async():
    import asyncio
    import openai

    async def run():
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="none") as client:
            answers = await asyncio.gather(*(client.embeddings.create(model=model, input=texts) for _ in range(20)))
            for answer in answers:
                check_vectors([item.embedding for item in answer.data])

    asyncio.run(run())


def cohere_package():
    import cohere

    client = cohere.ClientV2(api_key="none", base_url=url)
    answer = client.embed(
        model=model, texts=texts, input_type="search_document", embedding_types=["float", "int8", "ubinary", "base64"])
    check_vectors(answer.embeddings.float_)
    check_vectors(answer.embeddings.int8)
    assert len(answer.embeddings.ubinary[0]) == 48
    ranked = client.rerank(model=model, query="dogs", documents=texts)
    check_order(ranked.results)
    assert len(client.rerank(model=model, query="dogs", documents=texts, top_n=1).results) == 1
    first = cohere.Client(api_key="none", base_url=url)
    check_vectors(first.embed(model=model, texts=texts, input_type="search_document").embeddings)
    check_order(first.rerank(model=model, query="dogs", documents=texts).results)
    try:
        client.embed(model="no/such-model", texts=texts, input_type="search_document", embedding_types=["float"])
    except cohere.NotFoundError as error:
        assert "no/such-model" in str(error), error
    else:
        raise AssertionError("no error")


def ollama_package():
    import ollama

    client = ollama.Client(host=url)
    answer = client.embed(model=model, input=texts, keep_alive="10m")
    check_vectors(answer.embeddings)
    assert answer.total_duration > 0 and answer.prompt_eval_count > 0
    assert len(client.embed(model=model, input="one", dimensions=64).embeddings[0]) == 64
    assert len(client.embeddings(model=model, prompt="one").embedding) == 384
    assert any(each.model.startswith(model) for each in client.list().models)
    running = {each.model: each for each in client.ps().models}
    assert running[model + ":latest"].context_length > 0
    assert client.show(model).capabilities == ["embedding"]
    assert list(client.pull(model, stream=True))[-1].status == "success"
    try:
        client.embed(model="no/such-model", input="a")
    except ollama.ResponseError as error:
        assert error.status_code == 404 and "no/such-model" in error.error, error
    else:
        raise AssertionError("no error")


def langchain_package():
    from langchain_openai import OpenAIEmbeddings

    # Without the flag it sends another tokenizer's ids.
    embeddings = OpenAIEmbeddings(
        model=model, base_url=url + "/v1", api_key="none", check_embedding_ctx_length=False)
    check_vectors(embeddings.embed_documents(texts))
    assert len(embeddings.embed_query("dogs")) == 384


for check in [openai_package, openai_package_async, cohere_package, ollama_package, langchain_package]:
    check()
    print(check.__name__, "works")
