"""What the forward passes get: letterboxed pictures, the same for all engines."""
import os

PADDING = 114
SUFFIXES = (".jpg", ".jpeg", ".png")


def names(folder):
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(SUFFIXES))


def letterbox(path, size):
    """(3, size, size), RGB from 0 to 1."""
    import cv2
    import numpy

    picture = cv2.imread(path)
    height, width = picture.shape[:2]
    scale = min(size / height, size / width)
    inner = round(width * scale), round(height * scale)
    picture = cv2.resize(picture, inner, interpolation=cv2.INTER_LINEAR)
    canvas = numpy.full((size, size, 3), PADDING, numpy.uint8)
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    canvas[top:top + inner[1], left:left + inner[0]] = picture
    return canvas[:, :, ::-1].transpose(2, 0, 1).astype(numpy.float32) / 255


def save_batch(images, count, size, path):
    import numpy

    paths = [os.path.join(images, name) for name in names(images)]
    numpy.save(path, numpy.stack([letterbox(paths[i % len(paths)], size) for i in range(count)]))


def link_data(data, count, folder):
    """A data set of the first `count` pictures (0: all) and their labels, by links."""
    for kind in ("images", "labels"):
        os.makedirs(os.path.join(folder, kind))
    images = os.path.join(data, "images")
    for name in names(images)[:count or None]:
        label = os.path.splitext(name)[0] + ".txt"
        os.symlink(os.path.realpath(os.path.join(images, name)), os.path.join(folder, "images", name))
        if os.path.exists(os.path.join(data, "labels", label)):
            os.symlink(os.path.realpath(os.path.join(data, "labels", label)), os.path.join(folder, "labels", label))
    return len(os.listdir(os.path.join(folder, "images")))
