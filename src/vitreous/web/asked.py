"""What a browser sends with a form."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from vitreous.web.forms import Fields

#: Bytes of a form, at most: the longest lists of files fit.
MOST = 4_000_000


async def fields_of_request(request: Request) -> Fields:
    """Read the fields of a form that was sent, in the plain encoding that forms have.

    Raises
    ------
    HTTPException
        If there is too much of it.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            raise HTTPException(413, "The form is too large.")
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
