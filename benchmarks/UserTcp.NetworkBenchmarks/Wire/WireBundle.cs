using System.Diagnostics;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Wire;

/// <summary>The process of <see cref="WireCommand"/>, as the one that measures sees it.</summary>
internal sealed class WireBundle : IDisposable
{
    private readonly Process _process;

    private WireBundle(Process process) => _process = process;

    /// <summary>Starts the wires; their interfaces exist on return.</summary>
    public static WireBundle Start(NetworkNamespace left, NetworkNamespace right, int count)
    {
        string assembly = typeof(WireBundle).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", [assembly, "wire", left.Name, right.Name, $"{count}"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        var wires = new WireBundle(Process.Start(start)!);
        wires.Expect();
        return wires;
    }

    /// <summary>Holds for all wires, each of which loses other frames.</summary>
    public void Set(WireSettings settings)
    {
        _process.StandardInput.WriteLine(settings.ToLine());
        Expect();
    }

    public WireCounts Count()
    {
        _process.StandardInput.WriteLine(WireCommand.AskCounts);
        return WireCounts.Parse(Read());
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Expect()
    {
        string line = Read();
        if (line != WireCommand.Done)
            throw new InvalidOperationException($"The wires say '{line}'.");
    }

    private string Read() =>
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The wires broke.");
}
