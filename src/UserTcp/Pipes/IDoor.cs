using System.IO.Pipelines;
using UserTcp.Primitives;

namespace UserTcp.Pipes;

/// <summary>The door of a stack as one connection's pipe halves see it.</summary>
internal interface IDoor
{
    /// <summary>Where reads and flushes that waited resume.</summary>
    PipeScheduler Scheduler { get; }

    /// <summary>How the connection ends.</summary>
    ref ConnectionEnd End { get; }

    /// <summary>
    /// Asks for calls to be served: by this thread if the door is free, or else by the thread that is inside. Never
    /// waits for the door. Not under the lock of a signal.
    /// </summary>
    void Post(PipeCalls calls);

    /// <summary>
    /// As <see cref="Post"/>, for calls that nobody waits for: this thread does not try the door. The next thread that
    /// is inside serves them, or the loop within 10 ms.
    /// </summary>
    void PostLazily(PipeCalls calls);
}
