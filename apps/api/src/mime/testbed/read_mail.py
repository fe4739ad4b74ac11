"""Reads mails with Python's own parser: a base64 line each on stdin, and what it found as a line of JSON on stdout."""

import base64
import email
import email.policy
import json
import sys


def mailboxes(field):
    return [{"name": a.display_name, "address": a.addr_spec} for a in field.addresses] if field else []


def content(part):
    # Of a message/rfc822 the parser makes a message again; as_bytes gives it back.
    payload = part.get_payload(0).as_bytes() if part.get_content_type() == "message/rfc822" else part.get_payload(decode=True)
    return base64.b64encode(payload).decode()


def read(raw):
    # From bytes it would take UTF-8 in a header, which RFC 6532 allows, for damage.
    mail = email.message_from_string(raw.decode(), policy=email.policy.default)
    parts = [part for part in mail.walk() if not part.is_multipart() or part.get_content_type() == "message/rfc822"]
    texts = [part for part in parts if part.get_content_disposition() is None]
    bodies = {part.get_content_type(): part.get_payload(decode=True).decode() for part in texts}
    files = [part for part in parts if part.get_content_disposition() is not None]
    return {
        "names": [name.lower() for name in mail.keys()],
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "from": mailboxes(mail["from"]),
        "to": mailboxes(mail["to"]),
        "cc": mailboxes(mail["cc"]),
        "replyTo": mailboxes(mail["reply-to"]),
        "text": bodies.get("text/plain", ""),
        "html": bodies.get("text/html", ""),
        "types": [part.get_content_type() for part in mail.walk()],
        "defects": [str(defect) for part in mail.walk() for defect in part.defects],
        "files": [
            {
                "filename": part.get_filename() or "",
                "type": part.get_content_type(),
                "contentId": (part["content-id"] or "").strip("<>"),
                "disposition": part.get_content_disposition(),
                "content": content(part),
            }
            for part in files
        ],
    }


for line in sys.stdin:
    print(json.dumps(read(base64.b64decode(line))), flush=True)
