using System.Diagnostics;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>One of our own commands as a process, with its input and output in our hands.</summary>
internal sealed class Agent : IDisposable
{
    private readonly Process _process;

    private Agent(Process process) => _process = process;

    /// <summary>What its threads have used of the processors, in seconds.</summary>
    public double ProcessorSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    /// <summary>Starts a process and waits until it is ready.</summary>
    /// <param name="cpu">The only processor that it may use, or null for all.</param>
    /// <param name="ns">The network namespace it lives in, or null for ours.</param>
    /// <param name="arguments">The command and its options.</param>
    public static Agent Start(int? cpu, string? ns, params string[] arguments)
    {
        List<string> words = [];
        if (ns is not null)
            words.AddRange(["ip", "netns", "exec", ns]);
        if (cpu is not null)
            words.AddRange(["taskset", "-c", $"{cpu}"]);
        words.AddRange([Environment.ProcessPath!, .. arguments]);
        var process = Process.Start(new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        return process.StandardOutput.ReadLine() == PeerCommand.Ready
            ? new Agent(process)
            : throw new InvalidOperationException($"'{string.Join(' ', words)}' did not start.");
    }

    public Outcome Obey(Order order)
    {
        _process.StandardInput.WriteLine(order.ToLine());
        string line = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"The process ended over {order}.");
        return Outcome.Parse(line);
    }

    /// <summary>The end of its input is the end of it.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
