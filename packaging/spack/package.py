"""Spack's recipe of verify; docs/install.md has the commands."""

from spack.package import *

try:  # before Spack 1.0, spack.package has these
    from spack_repo.builtin.build_systems.cmake import CMakePackage
    from spack_repo.builtin.build_systems.cuda import CudaPackage
except ImportError:
    pass


class VerifyLabels(CMakePackage, CudaPackage):
    """Finds the errors in a YOLO data set's labels with a trained YOLO model, over MPI."""

    license("MIT")

    # From a checkout, by `spack dev-build` or `spack develop`: there is no archive of a release yet.
    version("main")

    depends_on("c", type="build")
    depends_on("cxx", type="build", when="+cuda")
    depends_on("cmake@3.22:", type="build")
    depends_on("pkgconfig", type="build")

    depends_on("mpi")
    depends_on("onednn@2.6: cpu_runtime=omp")
    depends_on("jpeg")
    depends_on("libpng")
    depends_on("libwebp")
    depends_on("libtiff")
    depends_on("zlib-api")
    depends_on("libzip")
    depends_on("libyaml")
    depends_on("json-c")
    depends_on("protobuf-c")
    depends_on("cudnn@9:", when="+cuda")

    conflicts("cuda_arch=none", when="+cuda", msg="say which GPUs: cuda_arch=90, for example")

    def cmake_args(self):
        args = [self.define_from_variant("VERIFY_CUDA", "cuda")]
        if self.spec.satisfies("+cuda"):
            args.append(self.define("VERIFY_CUDA_ARCHITECTURES",
                                    self.spec.variants["cuda_arch"].value))
        return args
