using System.IO.Pipelines;
using System.Text;
using UserTcp.Primitives;
using UserTcp.Testing.Network;

namespace UserTcp.Testing;

/// <content>Whole stacks, and the asynchronous code that uses them.</content>
public sealed partial class SimulatedNetwork
{
    private static readonly TimeSpan s_defaultLimit = TimeSpan.FromDays(1);
    private readonly List<StackStation> _stacks = [];
    private SimulatedTime? _time;

    /// <summary>
    /// The virtual clock, for all timers of the code under test: <c>Task.Delay(time, network.TimeProvider)</c>.
    /// </summary>
    public TimeProvider TimeProvider => _time ??= new SimulatedTime(this);

    /// <summary>
    /// Runs callbacks on the simulation's thread, between the turns of the hosts. For pipes of the application.
    /// </summary>
    public PipeScheduler Scheduler => Applications;

    internal ApplicationQueue Applications { get; } = new();

    /// <summary>Adds a host whose stack has started.</summary>
    /// <param name="name">The host's name in messages and captures.</param>
    /// <param name="link">The properties of its link; null for one without limits and delay.</param>
    /// <param name="configure">Changes the options of its stack.</param>
    /// <returns>The host.</returns>
    public SimulatedHost AddHost(
        string name, SimulatedLinkOptions? link = null, Action<UserTcpStackOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var station = new StackStation(this, name, link ?? new SimulatedLinkOptions(), configure);
        _stacks.Add(station);
        Run(() => station.Stack.StartAsync().AsTask());
        return new SimulatedHost(station);
    }

    /// <summary>
    /// Runs asynchronous code to its end, in virtual time and on this thread only. Continuations return to this thread
    /// unless the code uses <c>ConfigureAwait(false)</c> or <c>Task.Run</c>; code on another thread is an error.
    /// </summary>
    /// <param name="main">The code; it may start any number of tasks.</param>
    /// <param name="limit">The longest virtual time that it may take; null for a day.</param>
    /// <exception cref="SimulationStalledException">
    /// Nothing can happen any more, or the time is over, and the code still waits.
    /// </exception>
    /// <exception cref="InvalidOperationException">The network runs already, or code ran on another thread.</exception>
    public void Run(Func<Task> main, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(main);
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Task task = Applications.Start(main);
            RunUntilEnd(task, Time + (limit ?? s_defaultLimit));
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private void RunUntilEnd(Task task, Instant end)
    {
        Settle();
        while (!task.IsCompleted)
        {
            if (!Step(end))
                throw new SimulationStalledException(DescribeStall(end));
            Settle();
        }
    }

    private string DescribeStall(Instant end)
    {
        var text = new StringBuilder(Events.Next.IsNever
            ? $"At {Now} nothing can happen any more, and the code still waits."
            : $"At {end - Start} the time is over, and the code still waits.");
        foreach (StackStation station in _stacks)
        {
            station.DescribeTo(text);
        }

        return text.ToString();
    }
}
