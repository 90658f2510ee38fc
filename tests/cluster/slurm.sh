#!/bin/bash
# A real Slurm of four nodes on this one machine, without systemd or cgroups. It runs as root on a
# Debian machine that nobody else uses, such as a container: it writes /etc/slurm.
#
#   tests/cluster/slurm.sh install    the packages of Debian
#   tests/cluster/slurm.sh start      daemons and accounting; prints the nodes
#   tests/cluster/slurm.sh stop       ends them and removes their settings
#
# node1 and node2 form the partition cpu, gpu1 and gpu2, with four pretended GPUs each, the partition
# gpu. The account is my_account, as in profiles/slurm. A job that takes more memory than it asked
# for is ended, and KillWait is 15 s.
set -euo pipefail

work=${WESPE_SLURM:-/tmp/wespe-slurm}
host=$(hostname)
nodes=(node1 node2 gpu1 gpu2)

install_packages() {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        slurmctld slurmd slurm-client munge slurmdbd mariadb-server
}

# The plugin's second step drops SLURM_CONF, so the file has to be where Slurm looks for it.
write_settings() {
    mkdir -p "$work"/{state,log,mysql} /etc/slurm
    chmod 755 "$work"
    for node in "${nodes[@]}"; do mkdir -p "$work/spool/$node"; done
    cat > /etc/slurm/slurm.conf << CONF
# Made by tests/cluster/slurm.sh
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool/%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldLogFile=$work/log/slurmctld.log
SlurmdLogFile=$work/log/slurmd-%n.log
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=3
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
SlurmdTimeout=30
KillWait=15
MinJobAge=300
GresTypes=gpu
NodeName=node[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[16821-16822] CPUs=16 RealMemory=200000
NodeName=gpu[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[16831-16832] CPUs=16 RealMemory=200000 Gres=gpu:4
PartitionName=cpu Nodes=node[1-2] Default=YES State=UP
PartitionName=gpu Nodes=gpu[1-2] State=UP
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStorageEnforce=associations
CONF
    printf 'AutoDetect=off\nNodeName=gpu[1-2] Name=gpu File=/dev/tty[0-3]\n' > /etc/slurm/gres.conf
    cat > /etc/slurm/slurmdbd.conf << CONF
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=16819
SlurmUser=root
LogFile=$work/log/slurmdbd.log
PidFile=$work/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=13306
StorageUser=slurm
StoragePass=x
StorageLoc=slurm_acct_db
CommunicationParameters=NoInAddrAny
CONF
    chmod 600 /etc/slurm/slurmdbd.conf
}

# Runs a command each second until it succeeds, for half a minute.
wait_for() {
    for _ in {1..30}; do
        "$@" > /dev/null 2>&1 && return
        sleep 1
    done
    echo "slurm.sh: gave up waiting for: $*" >&2
    exit 1
}

sql() { mariadb -uroot -S "$work/mysql/s.sock" -e "$1"; }

# Without accounting `sacct` always fails, and the plugin, which prefers it, waits for ever.
start_accounting() {
    chown mysql "$work/mysql"
    [ -d "$work/mysql/mysql" ] || mariadb-install-db --no-defaults --user=mysql \
        --datadir="$work/mysql" --auth-root-authentication-method=normal --skip-test-db > /dev/null
    mariadbd --no-defaults --user=mysql --datadir="$work/mysql" --socket="$work/mysql/s.sock" \
        --pid-file="$work/mysql/pid" --bind-address=127.0.0.1 --port=13306 \
        --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 \
        > "$work/log/mysql.log" 2>&1 < /dev/null &
    wait_for sql "select 1"
    sql "create database if not exists slurm_acct_db"
    for place in 127.0.0.1 localhost; do
        sql "create user if not exists 'slurm'@'$place' identified by 'x';
             grant all on slurm_acct_db.* to 'slurm'@'$place'"
    done
    slurmdbd -D > "$work/log/slurmdbd.out" 2>&1 < /dev/null &
    wait_for sacctmgr -n list cluster
    sacctmgr -i add cluster test > /dev/null || true
    sacctmgr -i add account my_account > /dev/null || true
    sacctmgr -i add user "$(id -un)" account=my_account > /dev/null || true
}

all_idle() { [ "$(sinfo --noheader --Node --format=%T | sort -u)" = idle ]; }

start() {
    write_settings
    install -d -o munge -g munge -m 755 /run/munge
    [ -S /run/munge/munge.socket.2 ] || runuser -u munge -- munged
    start_accounting
    slurmctld -c
    wait_for sinfo
    for node in "${nodes[@]}"; do slurmd -N "$node"; done
    wait_for all_idle
    sinfo
}

stop() {
    for file in "$work"/slurmd-*.pid "$work"/slurmctld.pid "$work"/slurmdbd.pid \
        "$work"/mysql/pid /run/munge/munged.pid; do
        [ -f "$file" ] && kill "$(cat "$file")" || true
    done
    # With them each start of Snakemake would wait ten seconds for the controller.
    rm -f /etc/slurm/{slurm,gres,slurmdbd}.conf
}

case ${1:-} in
    install) install_packages ;;
    start) start ;;
    stop) stop ;;
    *)
        echo "slurm.sh: expected install, start or stop" >&2
        exit 2
        ;;
esac
