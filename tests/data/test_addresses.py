"""Addresses asked for their headers on a local server."""

import socket
import threading

import pytest
from file_server import Server, serve

from n3cli.data.fetch import web
from n3cli.data.fetch.address import Answer, Question, ask, ask_all, questions
from n3cli.data.fetch.web import open_client
from n3cli.data.published.collection import Archive, Collection
from n3cli.data.published.index import COLLECTIONS


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    with serve(Server({"a": b"12345", "b": b"123"})) as running:
        yield running


def one(address, size=None):
    with open_client() as client:
        return ask(client, Question(address, size))


@pytest.mark.parametrize("size", [None, 5])
def test_it_is_there(server, size):
    assert one(f"{server.address}/a", size) == Answer(f"{server.address}/a", 5)
    assert (server.asked, server.requests) == (["a"], [])


def test_another_size(server):
    assert one(f"{server.address}/a", 7).problem == "has 5 bytes, expected 7"


@pytest.mark.parametrize("heads", [400, 403, 405, 501])
@pytest.mark.parametrize("ranges", [True, False])
def test_where_head_is_refused_a_byte_is_asked_for(server, heads, ranges):
    server.heads, server.ranges = heads, ranges
    assert one(f"{server.address}/a", 5) == Answer(f"{server.address}/a", 5)
    assert server.requests == [("a", "bytes=0-0")]


@pytest.mark.parametrize("fault", ["404", "410", "401"])
def test_what_is_gone(server, fault):
    server.faults["a"] = [fault]
    assert one(f"{server.address}/a").problem.startswith(fault)
    assert len(server.asked) == 1


def test_what_moved_for_good_and_for_now(server):
    server.faults["a"] = ["move b", "lend b"]
    assert one(f"{server.address}/a", 3) == Answer(
        f"{server.address}/a", 3, moved=f"{server.address}/b"
    )
    assert one(f"{server.address}/a", 3) == Answer(f"{server.address}/a", 3)


def test_faults_that_pass(server):
    server.faults["a"] = ["503", "429 0"]
    assert one(f"{server.address}/a", 5).problem is None
    server.faults["a"] = ["503"] * 3
    assert one(f"{server.address}/a", 5).problem == "503 Service Unavailable"
    server.faults["a"] = ["429 86400"]
    assert one(f"{server.address}/a", 5).problem == "429 Too Many Requests"


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1/x", "http://", "http://[/"])
def test_no_address(address):
    assert one(address).problem


def test_answers_come_in_order(server):
    server.files = {str(i): bytes(i) for i in range(50)}
    asked = [Question(f"{server.address}/{i}", i) for i in range(50)]
    assert [answer.size for answer in ask_all(asked)] == list(range(50))


def test_a_host_where_nobody_answers_is_left_alone(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        asked = [Question(f"http://{host}/{i}") for i in range(300)]
        asked += [Question(f"{server.address}/a")]
        answers = list(ask_all(asked))
    assert sum(answer.problem == answers[0].problem for answer in answers) <= 8  # workers
    assert answers[0].problem.startswith("no answer (")
    assert answers[-2].problem == f"not tried; no answer from {host}"
    assert answers[-1].problem is None


def test_who_stops_listening_ends_it(server):
    server.files = {str(i): b"" for i in range(300)}
    answers = ask_all(Question(f"{server.address}/{i}") for i in range(300))
    next(answers)
    answers.close()
    assert len(server.asked) < 300
    assert threading.active_count() < 30


def test_which_addresses_there_are():
    assert len(questions(COLLECTIONS["bsds500"])) == 501
    assert questions(COLLECTIONS["dnd"]) == []
    assert [one.size for one in questions(COLLECTIONS["div2k"])] == [3530603713, 448993893]
    assert len(questions(COLLECTIONS["set12"], "http://copy/")) == 12
    two = Collection("", "", "", "", "", "", archives=(Archive("a", "https://x/a"), Archive("b")))
    assert questions(two) == [Question("https://x/a")]
    assert questions(two, "http://copy/") == [Question("http://copy/a")]
