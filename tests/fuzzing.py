"""What schemathesis leaves out: `cargo lambda watch` passes on headers in ASCII and bodies in UTF-8 only."""

import schemathesis


def is_ascii(text):
    return (text.encode("latin-1", "replace") if isinstance(text, str) else bytes(text)).isascii()


def is_utf8(body):
    if not isinstance(body, bytes):
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@schemathesis.hook
def filter_case(context, case):
    headers = case.headers or {}
    return all(is_ascii(part) for header in headers.items() for part in header) and is_utf8(case.body)
