using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using UserTcp.Testing;
using UserTcp.Testing.Network;
using UserTcp.Testing.Swarm;

namespace UserTcp.Simulation.Tests;

/// <summary>Thousands of networks, other ones for each commit.</summary>
public sealed class SwarmTests(ITestOutputHelper output)
{
    private const int SeedsPerCommit = 2000;
    private const ulong SeedWithoutGit = 20_000_000;

    [Fact]
    public void Two_thousand_seeds_of_this_commit_end_well()
    {
        ulong first = SeedOfCommit();
        output.WriteLine($"Seeds from {first}.");
        Check(Enumerable.Range(0, SeedsPerCommit).Select(i => first + (ulong)i));
    }

    [Fact]
    public void Seeds_that_failed_once_end_well_for_ever()
    {
        Check(KeptSeeds());
        Assert.All(KeptSeeds(), seed => Assert.Null(SimulationSwarm.Violation(PlanMaker.MakeWide(seed))));
        Assert.All(KeptSeeds(), seed => Assert.Null(SimulationSwarm.Violation(PlanMaker.MakeNarrow(seed))));
    }

    [Fact]
    public void A_seed_is_the_same_run_each_time()
    {
        Assert.Equal(Trace(77), Trace(77));
        Assert.NotEqual(Trace(77), Trace(78));
    }

    /// <summary>A swarm in which nothing goes wrong would pass, too.</summary>
    [Fact]
    public void The_swarm_meets_what_it_is_for()
    {
        long resent = 0, resets = 0, marked = 0, overflowed = 0, dropped = 0, badChecksums = 0, accepted = 0;
        int aborted = 0, simultaneous = 0, slow = 0;
        for (ulong seed = 1; seed <= 200; seed++)
        {
            SwarmPlan plan = PlanMaker.MakeNarrow(seed);
            using var run = new SwarmRun(plan);
            run.Run();
            aborted += plan.Flows.Count(flow => flow.ClientSide.AbortsAfter is not null);
            simultaneous += plan.Flows.Count(flow => flow.IsSimultaneous);
            slow += plan.Flows.Count(flow => flow.ClientSide.ReadPause > TimeSpan.FromSeconds(0.2));
            foreach (CoreHost host in run.Hosts)
            {
                resent += host.Core.Count(static one => one.SegmentsResent);
                resets += host.Core.Count(static one => one.ResetsSent);
                accepted += host.Core.Count(static one => one.ConnectionsAccepted);
                badChecksums += host.Core.Count(static one => one.Drops(Diagnostics.PacketDropReason.BadChecksum));
                marked += host.Link.Outgoing.Marked + host.Link.Incoming.Marked;
                overflowed += host.Link.Outgoing.Overflowed + host.Link.Incoming.Overflowed;
                dropped += host.Link.Outgoing.Dropped + host.Link.Incoming.Dropped;
            }
        }

        output.WriteLine(
            $"resent {resent}, resets {resets}, marked {marked}, overflowed {overflowed}, dropped {dropped},"
            + $" bad checksums {badChecksums}, accepted {accepted};"
            + $" planned: aborted {aborted}, simultaneous {simultaneous}, slow {slow}");
        Assert.True(resent > 500 && dropped > 500 && overflowed > 5 && marked > 5);
        Assert.True(accepted > 150 && badChecksums > 50);
        Assert.True(resets > 10 && aborted > 10 && simultaneous > 10 && slow > 5);
    }

    /// <summary>What was thought of later comes up, and has an effect.</summary>
    [Fact]
    public void The_wider_swarm_meets_what_it_is_for()
    {
        int reused = 0, largest = 0, vanished = 0, urgent = 0, shut = 0, atMoments = 0, clean = 0, refused = 0;
        for (ulong seed = 1; seed <= 300; seed++)
        {
            SwarmPlan plan = PlanMaker.Make(seed);
            using var run = new SwarmRun(plan);
            run.Run();
            reused += run.ReusedPorts;
            largest = Math.Max(largest, run.Hosts.Max(host => host.LargestBatch));
            vanished += plan.Troubles.Count(trouble => trouble is VanishTrouble);
            urgent += plan.Flows.Count(flow => flow.ClientSide.UrgentEvery > 0 && flow.ClientSide.Bytes > 1500);
            shut += plan.Flows.Count(flow => flow.ServerSide.StopsReadingAfter < flow.ClientSide.Bytes);
            atMoments += plan.Flows.Count(flow => flow.ClientSide.AbortsAt is not null);
            clean += plan.IsClean ? 1 : 0;
            refused += plan.Hosts.Count(host => host.Limits is { Ports: < 12 } or { MaxConnections: < 11 });
        }

        output.WriteLine(
            $"reused {reused}, largest batch {largest}, vanished {vanished}, urgent {urgent}, shut {shut},"
            + $" at moments {atMoments}, clean {clean}, small tables {refused}");
        Assert.True(reused > 50 && largest > 20 && vanished > 5 && urgent > 20);
        Assert.True(shut > 20 && atMoments > 20 && clean > 10 && refused > 10);
    }

    /// <summary>Hosts of one shard and of several, behind each kind of queues.</summary>
    [Fact]
    public void The_swarm_draws_shards()
    {
        var seen = new HashSet<(int, FrameQueues)>();
        long steered = 0, handedOver = 0, elsewhere = 0;
        for (ulong seed = 1; seed <= 100; seed++)
        {
            SwarmPlan plan = PlanMaker.Make(seed);
            using var run = new SwarmRun(plan);
            run.Run();
            for (int i = 0; i < plan.Hosts.Count; i++)
            {
                HostPlan host = plan.Hosts[i];
                seen.Add((host.Shards, host.Queues));
                long count = run.Hosts[i].Core.Count(static one => one.HandedOver);
                if (host.Queues == FrameQueues.Steered)
                    steered += count;
                else
                    handedOver += count;
                elsewhere += host.Shards == 1 ? count : 0;
            }
        }

        output.WriteLine($"handed over {handedOver}, of steered frames {steered}");
        Assert.Equal(7, seen.Count); // one shard, and two and five behind each kind of queues
        Assert.Equal(0, elsewhere);
        Assert.True(handedOver > 1000 && steered * 10 < handedOver, "What is steered is hardly ever handed over.");
    }

    [Fact]
    public void A_failure_is_reduced_to_what_it_takes()
    {
        SwarmPlan plan = Enumerable.Range(0, 1000).Select(seed => PlanMaker.Make((ulong)seed))
            .First(plan => plan.Troubles.Count >= 5 && plan.Flows.Count >= 3);
        Trouble first = plan.Troubles[1];
        Trouble second = plan.Troubles[3];
        FlowPlan flow = plan.Flows[1];

        SwarmFailure failure = SimulationSwarm.Minimise(
            plan,
            smaller => smaller.Troubles.Contains(first) && smaller.Troubles.Contains(second)
                && smaller.Flows.Contains(flow) ? "wrong" : null);

        Assert.Equal([first, second], failure.Plan.Troubles);
        Assert.Equal([flow], failure.Plan.Flows);
        Assert.Contains($"Seed {plan.Seed}: wrong", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_can_be_looked_at()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"swarm-{Guid.NewGuid():N}");
        SwarmPlan plan = PlanMaker.Make(5);
        try
        {
            IReadOnlyList<string> files = new SwarmFailure(plan, "none").Capture(folder);
            Assert.Equal(plan.Hosts.Count, files.Count);
            Assert.Contains(files, file => new FileInfo(file).Length > 1000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Trace(ulong seed)
    {
        using var file = new MemoryStream();
        using (var run = new SwarmRun(PlanMaker.Make(seed)))
        {
            foreach (CoreHost host in run.Hosts)
            {
                host.Link.CaptureTo(file);
            }

            run.Run();
        }

        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file.ToArray()));
    }

    private static IEnumerable<ulong> KeptSeeds() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "seeds.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => ulong.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture));

    // The first 48 bits of the commit's name; a working tree that is not a repository has a number of its own.
    private static ulong SeedOfCommit()
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", ["rev-parse", "HEAD"])
            {
                WorkingDirectory = AppContext.BaseDirectory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            string name = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0
                ? ulong.Parse(name.AsSpan(0, 12), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                : SeedWithoutGit;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return SeedWithoutGit;
        }
    }

    private void Check(IEnumerable<ulong> seeds)
    {
        var failures = new ConcurrentBag<SwarmFailure>();
        int count = 0;
        Parallel.ForEach(seeds, seed =>
        {
            Interlocked.Increment(ref count);
            if (SimulationSwarm.Check(seed) is { } failure)
                failures.Add(failure);
        });

        string folder = Path.Combine(AppContext.BaseDirectory, "swarm");
        foreach (SwarmFailure failure in failures.Take(10))
        {
            output.WriteLine($"{failure}\n  {string.Join("\n  ", failure.Capture(folder))}\n");
        }

        Assert.True(
            failures.IsEmpty,
            $"{failures.Count} of {count} seeds failed; add them to seeds.txt:"
            + $" {string.Join(' ', failures.Select(failure => failure.Seed).Order())}");
    }
}
