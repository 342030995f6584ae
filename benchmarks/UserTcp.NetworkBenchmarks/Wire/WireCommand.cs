using System.CommandLine;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace UserTcp.NetworkBenchmarks.Wire;

/// <summary>
/// <c>wire</c>: a process of its own, that no garbage collection of what is measured holds up. Each of its wires joins
/// a TAP interface in one namespace with one in another. It obeys lines on its input: settings, or <c>counts</c>.
/// </summary>
internal sealed unsafe class WireCommand(WireDirection[] directions, WireNative.PollEntry[] entries)
{
    /// <summary>The input asks for <see cref="WireCounts"/>.</summary>
    public const string AskCounts = "counts";

    /// <summary>Settings hold, or the wires are there.</summary>
    public const string Done = "done";

    private const short Readable = 1;
    private static readonly long s_longestWait = Stopwatch.Frequency / 500;
    private readonly Lock _lock = new();
    private volatile bool _ended;

    public static Command Make()
    {
        var left = new Argument<string>("left") { Description = "A namespace." };
        var right = new Argument<string>("right") { Description = "Another." };
        var count = new Argument<int>("count") { Description = "How many wires." };
        var command = new Command("wire", "Joins two namespaces; started by the other commands.")
        {
            left, right, count,
        };
        command.Hidden = true;
        command.SetAction(parsed =>
            Run(parsed.GetValue(left)!, parsed.GetValue(right)!, parsed.GetValue(count)));
        return command;
    }

    /// <summary>The interface of a wire, in both namespaces.</summary>
    public static string DeviceOf(int wire) => $"wire{wire}";

    private static int Run(string left, string right, int count)
    {
        List<SafeFileHandle> taps = [];
        for (int i = 0; i < count; i++)
        {
            taps.Add(WireNative.OpenTap(left, DeviceOf(i)));
            taps.Add(WireNative.OpenTap(right, DeviceOf(i)));
        }

        int[] descriptors = [.. taps.Select(tap => (int)tap.DangerousGetHandle())];
        var directions = new WireDirection[descriptors.Length];
        for (int i = 0; i < directions.Length; i++)
        {
            directions[i] = new WireDirection(descriptors[i], descriptors[i ^ 1]);
        }

        var wires = new WireCommand(directions, [.. descriptors.Select(
            descriptor => new WireNative.PollEntry { Descriptor = descriptor, Events = Readable })]);
        var thread = new Thread(wires.Carry) { Name = "wire" };
        thread.Start();
        wires.Obey();
        thread.Join();
        GC.KeepAlive(taps);
        return 0;
    }

    private void Obey()
    {
        Console.WriteLine(Done);
        while (Console.ReadLine() is { } line)
        {
            lock (_lock)
            {
                if (line == AskCounts)
                    Console.WriteLine(Sum().ToLine());
                else
                    Set(WireSettings.Parse(line));
            }
        }

        _ended = true;
    }

    private void Set(WireSettings settings)
    {
        for (int i = 0; i < directions.Length; i++)
        {
            directions[i].Set(settings, settings.Seed * directions.Length + i);
        }

        Console.WriteLine(Done);
    }

    private WireCounts Sum()
    {
        WireCounts[] all = [.. directions.Select(direction => direction.Counts)];
        long frames = all.Sum(counts => counts.Frames);
        return new WireCounts(frames, all.Sum(counts => counts.Lost), all.Sum(counts => counts.Overflowed),
            all.Sum(counts => counts.Broken),
            frames == 0 ? 0 : all.Sum(counts => counts.MeanLate * counts.Frames) / frames,
            all.Max(counts => counts.MostLate));
    }

    private void Carry()
    {
        WireNative.RunBeforeOthers();
        fixed (WireNative.PollEntry* polled = entries)
        {
            while (!_ended)
            {
                long wait = Turn(polled);
                var timeout = new WireNative.TimeSpec
                {
                    Nanoseconds = (long)(Math.Clamp(wait, 0, s_longestWait) * 1e9 / Stopwatch.Frequency),
                };
                _ = WireNative.Poll(polled, (nuint)entries.Length, &timeout, 0);
            }
        }
    }

    private long Turn(WireNative.PollEntry* polled)
    {
        lock (_lock)
        {
            long next = long.MaxValue;
            for (int i = 0; i < directions.Length; i++)
            {
                if (polled[i].Happened != 0)
                    directions[i].Take();
                directions[i].Deliver(Stopwatch.GetTimestamp());
                next = Math.Min(next, directions[i].NextDue);
            }

            return next == long.MaxValue ? s_longestWait : next - Stopwatch.GetTimestamp();
        }
    }
}
