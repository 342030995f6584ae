using System.CommandLine;
using System.Diagnostics;
using UserTcp.Testing;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim swarm</c>: seed after seed, on all processors.</summary>
internal sealed class SwarmCommand
{
    private static readonly TimeSpan s_progress = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly long _seeds;
    private readonly TimeSpan? _time;
    private readonly ulong _first;
    private readonly string? _folder;
    private readonly List<ulong> _failed = [];
    private long _next;
    private long _done;
    private TimeSpan _shown;

    private SwarmCommand(long seeds, TimeSpan? time, ulong first, string? folder)
    {
        _seeds = seeds;
        _time = time;
        _first = first;
        _folder = folder;
    }

    public static Command Make()
    {
        var seeds = new Option<long?>("--seeds") { Description = "How many seeds; 1000 if no time is given either." };
        var time = new Option<TimeSpan?>("--for") { Description = "How long, as 00:30:00." };
        var first = new Option<ulong>("--seed") { Description = "The first seed.", DefaultValueFactory = _ => 1 };
        var folder = new Option<string?>("--pcapng") { Description = "The folder for captures of what fails." };
        var command = new Command("swarm", "Checks the stack with random networks, faults, options and programs.")
        {
            seeds, time, first, folder,
        };
        command.SetAction(parsed =>
        {
            TimeSpan? limit = parsed.GetValue(time);
            long count = parsed.GetValue(seeds) ?? (limit is null ? 1000 : long.MaxValue);
            return new SwarmCommand(count, limit, parsed.GetValue(first), parsed.GetValue(folder)).Run();
        });
        return command;
    }

    private int Run()
    {
        var threads = new Thread[Environment.ProcessorCount];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work);
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Console.WriteLine(
            $"{_done} seeds from {_first} in {_watch.Elapsed:hh\\:mm\\:ss}, {_failed.Count} failed"
            + (_failed.Count > 0 ? $": {string.Join(' ', _failed.Order())}" : ""));
        return _failed.Count > 0 ? 1 : 0;
    }

    private void Work()
    {
        while (_time is null || _watch.Elapsed < _time)
        {
            long number = Interlocked.Increment(ref _next) - 1;
            if (number >= _seeds)
                return;

            SwarmFailure? failure = SimulationSwarm.Check(unchecked(_first + (ulong)number));
            lock (_lock)
                Report(failure);
        }
    }

    private void Report(SwarmFailure? failure)
    {
        _done++;
        if (failure is not null)
        {
            _failed.Add(failure.Seed);
            Console.WriteLine(failure);
            foreach (string file in _folder is null ? [] : failure.Capture(_folder))
            {
                Console.WriteLine($"  {file}");
            }
        }

        if (_watch.Elapsed - _shown < s_progress)
            return;

        _shown = _watch.Elapsed;
        double rate = _done / _watch.Elapsed.TotalSeconds;
        Console.WriteLine($"{_done} seeds, {_failed.Count} failed, {rate:F0} per second");
    }
}
