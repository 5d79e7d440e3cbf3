#!/usr/bin/env bash
# Start a Slurm of one node on this machine, as root, for the tests: start.sh FOLDER. Its state and logs lie in the folder.
# The configuration has to be at the system's path, as srun inside of jobs reads it there; one that is not of these tests
# is left alone.
set -euo pipefail
folder=$1
conf=/etc/slurm/slurm.conf
mark="# Made for tests, and by them."
host=$(hostname -s)

if [ -e "$conf" ] && [ "$(head -n 1 "$conf")" != "$mark" ]; then
    echo "$conf is there: this machine has a Slurm of its own" >&2
    exit 1
fi
mkdir -p "$folder/state" "$folder/spool" /etc/slurm
cat > "$conf" <<END
$mark
ClusterName=tests
SlurmctldHost=$host
SlurmUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
SlurmdTimeout=20
MinJobAge=600
KillWait=2
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
if ! pgrep -x munged > /dev/null; then
    [ -e /etc/munge/munge.key ] || mungekey --create
    mkdir -p /run/munge
    chown munge: /run/munge
    runuser -u munge -- munged > /dev/null 2>&1
fi
# Daemons that held the output of this script would keep open what reads it.
slurmctld > /dev/null 2>&1
slurmd > /dev/null 2>&1
for _ in $(seq 30); do
    if sinfo --noheader --format %T | grep -qx "idle\|mixed\|allocated"; then
        exit 0
    fi
    sleep 1
done
sinfo >&2
exit 1
