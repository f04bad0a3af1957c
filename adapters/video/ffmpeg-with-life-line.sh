#!/bin/sh
# ffmpeg that dies with the process that started it: a worker that is killed (kill -9) cannot end its children,
# and ffmpeg takes no notice of closed pipes. setpriv (util-linux) asks Linux to do it, and then becomes ffmpeg itself: one process, one id.
setpriv --pdeathsig KILL true 2>/dev/null && exec setpriv --pdeathsig KILL ffmpeg "$@"
exec ffmpeg "$@"
