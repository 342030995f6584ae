using System.Text;
using UserTcp.Testing.Network;
using UserTcp.Testing.Swarm;

namespace UserTcp.Testing;

/// <summary>A failed run of <see cref="SimulationSwarm"/>, reduced to the faults that it needs.</summary>
public sealed class SwarmFailure
{
    private readonly SwarmPlan _plan;

    internal SwarmFailure(SwarmPlan plan, string violation)
    {
        _plan = plan;
        Violation = violation;
    }

    internal SwarmPlan Plan => _plan;

    /// <summary>The seed that was run.</summary>
    public ulong Seed => _plan.Seed;

    /// <summary>The violated invariant, and when.</summary>
    public string Violation { get; }

    /// <summary>Runs the seed once more, and writes the frames that each host sent and received.</summary>
    /// <param name="folder">The folder for the files; it is made if it does not exist.</param>
    /// <returns>The paths of the pcapng files, one for each host.</returns>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public IReadOnlyList<string> Capture(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        Directory.CreateDirectory(folder);
        var files = new List<string>();
        var streams = new List<Stream>();
        using (var run = new SwarmRun(_plan))
        {
            foreach (CoreHost host in run.Hosts)
            {
                files.Add(Path.Combine(folder, $"seed-{Seed}-host-{files.Count}.pcapng"));
                streams.Add(File.Create(files[^1]));

                // Before the observer, whose word is the last one.
                host.Link.Taps.Insert(0, new CaptureTap(streams[^1], host.Name));
            }

            SimulationSwarm.Violation(run);
        }

        streams.ForEach(stream => stream.Dispose());
        return files;
    }

    /// <summary>The seed, the faults, and the violated invariant.</summary>
    /// <returns>Several lines.</returns>
    public override string ToString()
    {
        var text = new StringBuilder($"Seed {Seed}: {Violation}");
        text.Append($"\n  well again at {_plan.HealedAt}; until then:");
        foreach (Trouble trouble in _plan.Troubles)
        {
            text.Append("\n  - ").Append(trouble);
        }

        for (int i = 0; i < _plan.Hosts.Count; i++)
        {
            text.Append($"\n  host {i}: ").Append(_plan.Hosts[i]);
        }

        foreach (FlowPlan flow in _plan.Flows)
        {
            text.Append("\n  ").Append(flow);
        }

        return text.ToString();
    }
}
