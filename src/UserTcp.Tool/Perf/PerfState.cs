namespace UserTcp.Tool.Perf;

/// <summary>What the two sides of an iperf3 test tell each other on the control connection, one byte each.</summary>
internal enum PerfState : sbyte
{
    ServerError = -2,
    AccessDenied = -1,
    None = 0,
    TestStart = 1,
    TestRunning = 2,
    TestEnd = 4,
    ParameterExchange = 9,
    CreateStreams = 10,
    ServerTerminate = 11,
    ClientTerminate = 12,
    ExchangeResults = 13,
    DisplayResults = 14,
    Done = 16,
}

/// <summary>Why a server will not do a test, by the numbers of iperf3, which has words for them.</summary>
internal enum PerfError
{
    /// <summary>"an option you are trying to set is not implemented yet".</summary>
    NotImplemented = 13,

    /// <summary>"Supplied congestion control algorithm not supported on this host".</summary>
    SetCongestion = 134,
}
