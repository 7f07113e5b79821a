#!/bin/sh
# Before a worker pod stops: Ray Serve starts its replicas elsewhere, and they finish what they have in work.
# A cluster that no longer answers is going away as a whole, and there is nothing to wait for.
DRAIN_S=600

timeout 60 ray drain-node --reason DRAIN_NODE_REASON_PREEMPTION --reason-message "the pod is stopping" \
    --deadline-remaining-seconds "$DRAIN_S" || exit 0

# The proxy goes when the last replica of the node has gone.
ends=$(($(date +%s) + DRAIN_S))
while [ "$(date +%s)" -lt "$ends" ] && python -c 'import socket; socket.create_connection(("127.0.0.1", 8000), 2)' 2>/dev/null; do
    sleep 2
done
