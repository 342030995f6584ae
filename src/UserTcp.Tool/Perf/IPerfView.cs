namespace UserTcp.Tool.Perf;

/// <summary>Tells of a test. One call at a time.</summary>
internal interface IPerfView
{
    /// <summary>Who talks to whom, before anything else.</summary>
    void Connecting(string text);

    void Started(PerfTest test);

    void Progressed(PerfInterval interval);

    void Ended(PerfOutcome outcome);

    /// <summary>Runs a test in the frame of the view.</summary>
    Task FrameAsync(Func<Task> test);
}
