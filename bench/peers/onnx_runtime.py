"""ONNX Runtime's CPU provider."""
NAME = "ONNX Runtime"
PACKAGES = ["onnxruntime"]


def version():
    import onnxruntime
    return onnxruntime.__version__


def load(job):
    return job.model


def prepare(model, threads, pictures):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    names = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0]
    for dimension, size in zip(names.shape, pictures.shape):
        if isinstance(dimension, str):
            options.add_free_dimension_override_by_name(dimension, size)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input(names.name, pictures)
    binding.bind_output(session.get_outputs()[0].name, "cpu")
    return session, binding


def run(handle):
    session, binding = handle
    session.run_with_iobinding(binding)


def output(handle):
    run(handle)
    return handle[1].copy_outputs_to_cpu()[0]
