namespace UserTcp.Tool.Perf;

/// <summary>What a test asks of its data connections.</summary>
internal static class PerfConnections
{
    private const int SmallestBuffer = 2048; // as with the kernel: less is that much

    /// <summary>The names of congestion controls, as Linux has them and as the stack has them.</summary>
    private static readonly Dictionary<string, CongestionControl> s_controls =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["cubic"] = CongestionControl.Cubic,
            ["reno"] = CongestionControl.NewReno,
            ["newreno"] = CongestionControl.NewReno,
            ["cubic-without-hystart"] = CongestionControl.CubicWithoutHyStart,
        };

    public static bool Knows(string congestion) => s_controls.ContainsKey(congestion);

    /// <summary>What can be set when a connection is opened, and only then; null for nothing of that.</summary>
    public static UserTcpConnectionOptions? OptionsOf(PerfParameters parameters)
    {
        if (parameters is { SegmentBytes: 0, WindowBytes: 0, Congestion: null })
            return null;

        var options = new UserTcpConnectionOptions();
        if (parameters.SegmentBytes > 0)
            options.MaxSegmentSize = parameters.SegmentBytes;
        if (parameters.Congestion is { } name)
            options.CongestionControl = s_controls[name];
        if (parameters.WindowBytes > 0)
        {
            options.SendBufferSize = options.ReceiveBufferSize = Math.Max(parameters.WindowBytes, SmallestBuffer);
            options.AutoTuneBuffers = false;
        }

        return options;
    }

    /// <summary>The rest.</summary>
    public static void Configure(UserTcpConnection connection, PerfParameters parameters)
    {
        connection.NoDelay = parameters.IsNoDelay;
        connection.TrafficClass = parameters.TrafficClass;
    }
}
