using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>A process of ours that obeys orders, killed if the run is cancelled.</summary>
internal sealed class Agent : IDisposable
{
    private const int TimesAsked = 20;
    private readonly Process _process;
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenRegistration _kill;

    private Agent(Process process, CancellationToken cancelled)
    {
        _process = process;
        _cancelled = cancelled;
        _kill = cancelled.Register(process.Kill);
    }

    /// <summary>The time that its threads have used of the processors, in seconds; 0 if it has ended.</summary>
    public double ProcessorSeconds
    {
        get
        {
            if (_process.HasExited)
                return 0;

            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    /// <summary>Counts the methods that it has compiled.</summary>
    public long CountCompiled()
    {
        // Code is compiled anew when it has run 30 times. Asking must get there at once, not within half a minute.
        for (int i = 1; i < TimesAsked; i++)
        {
            Obey(new Order(Workload.Rest));
        }

        return Obey(new Order(Workload.Rest)).Compiled;
    }

    /// <summary>Starts a process and waits until it is ready.</summary>
    public static Agent Start(string cpus, string? ns, CancellationToken cancelled, params string[] program)
    {
        string[] words = [.. ns is null ? [] : new[] { "ip", "netns", "exec", ns }, "taskset", "-c", cpus, .. program];
        var process = Process.Start(new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        var agent = new Agent(process, cancelled);
        if (agent.ReadLine() == OrderLoop.Ready)
            return agent;

        agent.Dispose();
        throw new InvalidOperationException($"'{string.Join(' ', words)}' did not start.");
    }

    /// <summary>Gives an order and waits for its outcome. The end of the process is an outcome, too.</summary>
    public Outcome Obey(Order order)
    {
        try
        {
            _process.StandardInput.WriteLine(order.ToLine());
            if (ReadLine() is { } line)
                return Outcome.Parse(line);
        }
        catch (IOException) when (_process.HasExited)
        {
            // The pipe is broken: told below.
        }

        return new Outcome([], Error: $"The process has ended; its order was {order.ToLine()}.");
    }

    /// <summary>The end of its input is the end of it.</summary>
    public void Dispose()
    {
        _kill.Dispose();
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already, and did not read its last order.
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private string? ReadLine()
    {
        string? line = _process.StandardOutput.ReadLine();
        _cancelled.ThrowIfCancellationRequested();
        return line;
    }
}
