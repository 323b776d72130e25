"""The Lambda functions: a module for each, named like its handler in `runtime.handlers`."""

from async_download.functions.cancel_download import CANCEL_DOWNLOAD
from async_download.functions.close import CLOSE
from async_download.functions.complete import COMPLETE
from async_download.functions.connect import CONNECT
from async_download.functions.copy import COPY
from async_download.functions.copy_slice import COPY_SLICE
from async_download.functions.definition import FunctionDefinition
from async_download.functions.deliver import DELIVER
from async_download.functions.disconnect import DISCONNECT
from async_download.functions.fail import FAIL
from async_download.functions.get_download import GET_DOWNLOAD
from async_download.functions.message import MESSAGE
from async_download.functions.request_download import REQUEST_DOWNLOAD
from async_download.functions.web_page import WEB_PAGE
from async_download.names import FunctionName

FUNCTIONS: dict[FunctionName, FunctionDefinition] = {
    "request_download": REQUEST_DOWNLOAD,
    "get_download": GET_DOWNLOAD,
    "cancel_download": CANCEL_DOWNLOAD,
    "connect": CONNECT,
    "disconnect": DISCONNECT,
    "message": MESSAGE,
    "copy": COPY,
    "copy_slice": COPY_SLICE,
    "complete": COMPLETE,
    "deliver": DELIVER,
    "close": CLOSE,
    "fail": FAIL,
}
"""Functions of every stack."""

ALL_FUNCTIONS: dict[FunctionName, FunctionDefinition] = {**FUNCTIONS, "web_page": WEB_PAGE}
"""Functions of a stack with every setting on."""
