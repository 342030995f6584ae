using System.CommandLine;
using System.Globalization;
using UserTcp.Tool.Simulation;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim live</c>: watches a transfer between two stacks over a bad link.</summary>
internal sealed class LiveCommand : ToolCommand
{
    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(100);

    private readonly Option<double> _rate = Number("--mbit", 50, "The rate of the link in Mbit/s.");
    private readonly Option<double> _roundTrip = Number("--rtt", 40, "The round-trip time in milliseconds.");
    private readonly Option<double> _loss = Number("--loss", 0.05, "Lost frames, in percent.");
    private readonly Option<double> _reordering = Number("--reorder", 0, "Reordered frames, in percent.");
    private readonly Option<double> _queue = Number("--queue", 256, "The queue of the link, in KiB.");
    private readonly Option<double> _time = Number("--for", 20, "The duration in seconds of virtual time.");
    private readonly Option<double> _speed = Number("--speed", 1, "Virtual seconds in a second; 0: no limit.");
    private readonly Option<ulong> _seed = new("--seed")
    {
        HelpName = "N", DefaultValueFactory = _ => 1, Description = "The seed of all random choices.",
    };

    public LiveCommand(ToolContext context)
        : base(
            context, "live", "Shows two stacks over a bad link.",
            "sim live", "sim live --loss 1 --rtt 100 --mbit 20", "sim live --speed 0 --capture bad.pcapng")
    {
        Option[] options = [_rate, _roundTrip, _loss, _reordering, _queue, _time, _speed, _seed];
        foreach (Option option in options)
        {
            Options.Add(option);
        }
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.Capture | GlobalOptionSet.Output;

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        var path = new LivePath
        {
            BitsPerSecond = (long)(InRange(parsed, _rate, 0.01, 100_000) * 1e6),
            RoundTrip = TimeSpan.FromMilliseconds(InRange(parsed, _roundTrip, 0, 60_000)),
            Loss = InRange(parsed, _loss, 0, 100) / 100,
            Reordering = InRange(parsed, _reordering, 0, 100) / 100,
            QueueBytes = (long)(InRange(parsed, _queue, 2, 1 << 20) * 1024),
            Seed = parsed.GetValue(_seed),
        };
        int frames = (int)Math.Ceiling(InRange(parsed, _time, 0.1, 86_400) / s_frame.TotalSeconds);
        double speed = InRange(parsed, _speed, 0, 1000);
        using var transfer = new LiveTransfer(path, OpenCapture(Context.Options.NetworkOf(parsed).Capture));
        var pace = new Pace(frames, speed > 0 ? s_frame / speed : TimeSpan.Zero);
        if (output.IsLive)
            await DrawAsync(transfer, new LiveView(path), pace, output, cancellationToken);
        else
            await PrintAsync(transfer, pace, output, cancellationToken);
        return 0;
    }

    private static async Task DrawAsync(
        LiveTransfer transfer, LiveView view, Pace pace, ToolOutput output, CancellationToken cancellationToken)
    {
        LiveSample first = transfer.Advance(s_frame);
        await Spectre.Console.AnsiConsoleExtensions.Live(output.Screen, view.Draw(first)).StartAsync(async live =>
        {
            await foreach (LiveSample sample in SamplesAsync(transfer, pace with { Frames = pace.Frames - 1 },
                cancellationToken))
            {
                live.UpdateTarget(view.Draw(sample));
            }
        });
    }

    private static async Task PrintAsync(
        LiveTransfer transfer, Pace pace, ToolOutput output, CancellationToken cancellationToken)
    {
        List<object> all = [];
        int framesPerLine = (int)(TimeSpan.FromSeconds(1) / s_frame);
        long before = 0;
        output.Line("   time      goodput        cwnd         rtt  sent again    lost  overflowed");
        int number = 0;
        await foreach (LiveSample sample in SamplesAsync(transfer, pace, cancellationToken))
        {
            if (++number % framesPerLine != 0 && number != pace.Frames)
                continue;

            int frames = (number - 1) % framesPerLine + 1;
            double rate = (sample.Delivered - before) * 8 / (frames * s_frame.TotalSeconds);
            before = sample.Delivered;
            all.Add(Describe(sample, rate));
            output.Line(string.Create(CultureInfo.InvariantCulture,
                $"{sample.Time.TotalSeconds,7:0.00} {Quantity.BitsPerSecond(rate),12} "
                + $"{Quantity.Bytes(sample.Info.CongestionWindow),11} "
                + $"{Quantity.Milliseconds(sample.Info.SmoothedRtt),11} {sample.Info.Retransmits,11} "
                + $"{sample.Lost,7} {sample.Overflowed,11}"));
        }

        if (output.IsJson)
            output.Json(all);
    }

    private static object Describe(LiveSample sample, double rate) => new
    {
        Seconds = sample.Time.TotalSeconds,
        sample.Delivered,
        BitsPerSecond = rate,
        sample.Info.CongestionWindow,
        RttMs = sample.Info.SmoothedRtt.TotalMilliseconds,
        sample.Info.Retransmits,
        sample.Lost,
        sample.Overflowed,
    };

    private static async IAsyncEnumerable<LiveSample> SamplesAsync(
        LiveTransfer transfer, Pace pace,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using PeriodicTimer? timer = pace.Frame > TimeSpan.Zero ? new PeriodicTimer(pace.Frame) : null;
        for (int i = 0; i < pace.Frames; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return transfer.Advance(s_frame);
            if (timer is not null)
                await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static FileStream? OpenCapture(string? file)
    {
        if (file is "")
            throw new ToolException(Failure.Usage, "--capture takes the name of a file, not an empty one.");

        try
        {
            return file is null ? null : File.Create(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Write, $"The capture cannot be written: {error.Message}", error);
        }
    }

    private static Option<double> Number(string name, double fallback, string description) => new(name)
    {
        HelpName = "N", DefaultValueFactory = _ => fallback, Description = description,
    };

    private static double InRange(ParseResult parsed, Option<double> option, double least, double most)
    {
        double value = parsed.GetValue(option);
        return value >= least && value <= most
            ? value
            : throw new ToolException(Failure.Usage, $"{option.Name} takes {least} to {most}.");
    }

    private readonly record struct Pace(int Frames, TimeSpan Frame);
}
