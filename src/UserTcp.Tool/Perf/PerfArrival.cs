namespace UserTcp.Tool.Perf;

/// <summary>A connection that the server accepted.</summary>
/// <param name="Place">Its place in the order of all connections of the port.</param>
/// <param name="Connection">The connection.</param>
internal readonly record struct PerfArrival(long Place, UserTcpConnection Connection);
