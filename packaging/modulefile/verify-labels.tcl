#%Module1.0
# The module file of an installation for Environment Modules. Copy it to a folder of `module use` as
# verify-labels/VERSION, and set `root` to the prefix (or to the unpacked tarball's folder).
set root /path/of/the/prefix

proc ModulesHelp {} {
    puts stderr "verify: finds the errors in a YOLO data set's labels with a trained YOLO model."
    puts stderr {man verify; the scripts for Slurm are in $VERIFY_HOME/slurm.}
}
module-whatis "finds the errors in a YOLO data set's labels"

# The MPI that it was built with must come first. Its name here is the cluster's:
# module load openmpi

prepend-path PATH $root/bin
prepend-path MANPATH $root/share/man
prepend-path XDG_DATA_DIRS $root/share
prepend-path FPATH $root/share/zsh/site-functions
setenv VERIFY_HOME $root/share/verify-labels
