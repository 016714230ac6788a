# shellcheck shell=sh
# Sourced before mpirun: lets it start more processes than there are cores, bound to none, and as root,
# as in a container. Each MPI reads its own variables; MPICH needs none.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Open MPI up to 4
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
# Open MPI from 5 on
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none
