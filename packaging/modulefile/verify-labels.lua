-- Lmod's module file of an installation. Copy it to a folder of `module use` as
-- verify-labels/VERSION.lua, and set `root` to the prefix (or to the unpacked tarball's folder).
local root = "/path/of/the/prefix"

help([[verify: finds the errors in a YOLO data set's labels with a trained YOLO model.
man verify; the scripts for Slurm are in $VERIFY_HOME/slurm.]])
whatis("Name: verify-labels")
whatis("Description: finds the errors in a YOLO data set's labels")

-- The MPI that it was built with must come first. Its name here is the cluster's:
-- depends_on("openmpi")

prepend_path("PATH", pathJoin(root, "bin"))
prepend_path("MANPATH", pathJoin(root, "share/man"))
prepend_path("XDG_DATA_DIRS", pathJoin(root, "share"))
prepend_path("FPATH", pathJoin(root, "share/zsh/site-functions"))
setenv("VERIFY_HOME", pathJoin(root, "share/verify-labels"))
