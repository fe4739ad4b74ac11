"""Sends one mail by gRPC with Debian's python3-grpcio, and prints its id and how it ended.

    ./generate.sh
    /usr/bin/python3 send.py 127.0.0.1:8081 shop@example.org ann@example.net

Both ports of Posthaste answer gRPC; the one for gRPC alone (8081) does it with the least work.
Where the generated code lies: the environment's POSTHASTE_PROTO, or the folder `generated` beside this file.
"""

import os
import random
import sys
import time
import uuid

sys.path.insert(0, os.environ.get("POSTHASTE_PROTO", os.path.join(os.path.dirname(os.path.abspath(__file__)), "generated")))

import grpc  # noqa: E402
from posthaste.v1 import lane_pb2, message_pb2, status_pb2, status_pb2_grpc, submission_pb2, submission_pb2_grpc  # noqa: E402

# These pass; anything else is an answer.
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED}


def submit(service, mail, attempts=5, wait=0.2):
    """Hands the mail over. Its key is the same each time, so a repetition never makes a second mail."""
    try:
        return service.Submit(mail, timeout=30)
    except grpc.RpcError as error:
        if attempts <= 1 or error.code() not in PASSING:
            raise
    time.sleep(random.random() * wait)
    return submit(service, mail, attempts - 1, wait * 2)


def main(address="127.0.0.1:8081", sender="shop@example.org", recipient="ann@example.net"):
    with grpc.insecure_channel(address) as channel:
        mail = submission_pb2.SubmitRequest(
            to=[recipient],
            subject="Hello",
            text="By gRPC, from Python.\n",
            lane=lane_pb2.LANE_HIGH,
            idempotency_key=str(uuid.uuid4()),
            brief_key=True,  # for the repetitions below only
            **{"from": sender},  # a word of Python's own
        )
        accepted = submit(submission_pb2_grpc.SubmissionServiceStub(channel), mail)
        print("id", accepted.id)
        watch = status_pb2_grpc.StatusServiceStub(channel).WatchMessage(status_pb2.WatchMessageRequest(id=accepted.id))
        for change in watch:
            print(message_pb2.MessageState.Name(change.message.state))


if __name__ == "__main__":
    main(*sys.argv[1:])
