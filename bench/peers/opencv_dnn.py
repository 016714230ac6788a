"""OpenCV's dnn module."""
NAME = "OpenCV DNN"
PACKAGES = ["opencv-python-headless"]


def version():
    import cv2
    return cv2.__version__


def load(job):
    return job.model


def prepare(model, threads, pictures):
    import cv2

    net = cv2.dnn.readNetFromONNX(model)
    net.setInput(pictures)
    return net, threads


def run(handle):
    import cv2

    net, threads = handle
    if cv2.getNumThreads() != threads:
        cv2.setNumThreads(threads)
    return net.forward()


def output(handle):
    return run(handle).copy()
