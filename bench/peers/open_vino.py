"""OpenVINO's CPU plug-in, one stream."""
NAME = "OpenVINO"
PACKAGES = ["openvino"]


def version():
    import openvino
    return openvino.__version__.split("-")[0]


def load(job):
    import openvino

    core = openvino.Core()
    return core, core.read_model(job.model)


def prepare(network, threads, pictures):
    import openvino

    core, model = network
    model = model.clone()
    model.reshape(list(pictures.shape))
    # Pinned, the first threads of two processes would share a core.
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(pictures, shared_memory=True))
    return request, pictures         # which it only points to


def run(handle):
    handle[0].infer()


def output(handle):
    run(handle)
    return handle[0].get_output_tensor(0).data.copy()
