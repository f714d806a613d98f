"""An S3 on a free loopback port, in memory, with one bucket. Writes its address to the file it is given.

It answers one request after the other, so that of two who create the same object one is told so: what
Amazon's promises, and what a server with threads would not.
"""

import os
import sys
import threading
import urllib.request

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Requests are not logged: there are thousands."""

    def log_request(self, *_):
        pass


path, bucket = sys.argv[1:]
application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, request_handler=Quiet)
serving = threading.Thread(target=server.serve_forever)
serving.start()
address = f"http://127.0.0.1:{server.port}"
urllib.request.urlopen(urllib.request.Request(f"{address}/{bucket}", method="PUT")).close()
with open(f"{path}.new", "w", encoding="ascii") as file:
    print(address, file=file)
os.rename(f"{path}.new", path)
serving.join()
