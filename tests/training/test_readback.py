"""What is written reaches a viewer through TensorBoard's data provider, with both of its ingesters."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorboard import context
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from tb_neuromapper import schema
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.networks import ConvNet, images

N_EPOCHS = 12


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory):
    """A run with arrays in files, and one with arrays in events."""
    folder = tmp_path_factory.mktemp("logs")
    model = ConvNet()
    for payload in ("file", "event"):
        with NeuroMapper(model, folder / payload, probe=images(), payload=payload) as mapper:
            for epoch in range(N_EPOCHS):
                mapper.log_epoch(epoch)
    return folder


def python_provider(log_dir):
    """TensorBoard's ingester in Python, over a folder."""
    multiplexer = EventMultiplexer(tensor_size_guidance={}, size_guidance={"tensors": 0})
    multiplexer.AddRunsFromDirectory(str(log_dir))
    multiplexer.Reload()
    return MultiplexerDataProvider(multiplexer, str(log_dir))


@pytest.fixture
def rust_provider(log_dir, tmp_path):
    """TensorBoard's own data server, reading the same folder."""
    # Where TensorBoard ships a data server for certain, its absence is a failure.
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.importorskip("tensorboard_data_server")
    import grpc
    import tensorboard_data_server as server
    from tensorboard.data import grpc_provider

    port_file = tmp_path / "port"
    command = [
        server.server_binary(),
        f"--logdir={log_dir}",
        "--port=0",
        f"--port-file={port_file}",
        "--die-after-stdin",
        "--samples-per-plugin=neuromapper=all",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while not port_file.exists() or not port_file.read_text().strip():
            assert process.poll() is None
        with grpc.insecure_channel(f"localhost:{port_file.read_text().strip()}") as channel:
            yield grpc_provider.GrpcDataProvider(f"localhost:{port_file.read_text().strip()}", _stub(channel))
        process.terminate()


def _stub(channel):
    from tensorboard.data.proto import data_provider_pb2_grpc

    return data_provider_pb2_grpc.TensorBoardDataProviderStub(channel)


def check(provider, log_dir):
    """A provider gives all steps of both runs, in order, with their arrays."""
    ctx = context.RequestContext()
    ask = {"experiment_id": "e", "plugin_name": schema.PLUGIN_NAME}
    wait_for_last_epoch(provider, ctx, ask)
    assert sorted(provider.list_tensors(ctx, **ask)["file"]) == [
        f"neuromapper/{kind}" for kind in ("activations", "outcomes", "probe")
    ]
    read = provider.read_tensors(ctx, **ask, downsample=1000)["file"]
    records = {tag: [(d.step, schema.decode(d.numpy.item())) for d in data] for tag, data in read.items()}
    assert [step for step, _ in records["neuromapper/activations"]] == list(range(N_EPOCHS))
    for step, record in records["neuromapper/outcomes"]:
        assert record.step == step
        assert Path(log_dir, "file", schema.ASSET_FOLDER, record.file).exists()
    blobs = provider.read_blob_sequences(ctx, **ask, downsample=1000)["event"]["neuromapper/activations"]
    assert [datum.step for datum in blobs] == list(range(N_EPOCHS))
    index = schema.decode(provider.read_blob(ctx, blob_key=blobs[3].values[0].blob_key))
    sizes = [spec.n_bytes for spec in index.tensors.values()]
    assert [len(provider.read_blob(ctx, blob_key=v.blob_key)) for v in blobs[3].values[1:]] == sizes
    scalars = provider.read_scalars(ctx, experiment_id="e", plugin_name="scalars", downsample=1000)
    assert len(scalars["event"]["probe/accuracy"]) == N_EPOCHS


def wait_for_last_epoch(provider, ctx, ask):
    """The data server loads in the background."""
    deadline = time.monotonic() + 60
    n_events = 0
    while n_events < 2 * N_EPOCHS:
        assert time.monotonic() < deadline
        tensors = provider.read_tensors(ctx, **ask, downsample=1000).get("file", {})
        blobs = provider.read_blob_sequences(ctx, **ask, downsample=1000).get("event", {})
        n_events = sum(len(found.get("neuromapper/outcomes", [])) for found in (tensors, blobs))


def test_log__is_read_by_the_python_ingester(log_dir):
    """All steps of both payloads, as tensors and as blobs, and the scalars."""
    check(python_provider(log_dir), log_dir)


def test_log__is_read_by_the_data_server(log_dir, rust_provider):
    """The same through the Rust data server."""
    check(rust_provider, log_dir)
