sysctl -q net.ipv4.tcp_window_scaling=0 net.ipv4.tcp_timestamps=0
