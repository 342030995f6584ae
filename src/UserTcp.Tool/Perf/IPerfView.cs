using System.Net;

namespace UserTcp.Tool.Perf;

/// <summary>Tells of a test. One call at a time.</summary>
internal interface IPerfView
{
    /// <summary>A client is about to connect.</summary>
    void Connecting(string host, int port);

    /// <summary>A server has accepted the control connection of a client.</summary>
    void Accepted(IPEndPoint client);

    void Started(PerfTest test);

    void Progressed(PerfInterval interval);

    void Ended(PerfOutcome outcome);

    /// <summary>There is no result; the user is told by other means.</summary>
    void Failed(string message);

    /// <summary>Runs a test in the frame of the view.</summary>
    Task FrameAsync(Func<Task> test);
}
