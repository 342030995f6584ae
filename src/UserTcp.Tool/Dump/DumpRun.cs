using System.Globalization;
using UserTcp.Diagnostics;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>One run of <c>dump</c>: frames from somewhere, filtered, printed or written.</summary>
internal sealed class DumpRun(ToolOutput output, FrameFilter filter, CaptureWriter? writer)
{
    private readonly SortedDictionary<PacketDropReason, long> _drops = [];
    private long _shown;

    /// <summary>The frames after which it ends.</summary>
    public required long Limit { get; init; }

    public required FrameText Text { get; init; }

    public required bool ShowsHex { get; init; }

    /// <summary>Whether directions and the reasons of drops are shown.</summary>
    public required bool ShowsDrops { get; init; }

    /// <exception cref="ToolException">It cannot be read, or the filter cannot be used.</exception>
    public async Task ReadFileAsync(string file, CancellationToken cancellationToken)
    {
        using Stream stream = CaptureFile.Open(file, output.Console.Input);
        using IEnumerator<CapturedFrame> frames = FramesOf(stream).GetEnumerator();
        while (TryNext(frames, out CapturedFrame frame))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (filter.Matches(frame) && !await TakeAsync(frame, cancellationToken))
                break;
        }

        TellDrops();
    }

    /// <summary>Until the limit or an interruption, which is its regular end.</summary>
    /// <exception cref="ToolException">The device cannot be captured, or the filter cannot be used.</exception>
    public async Task ReadLinkAsync(string link, CancellationToken cancellationToken)
    {
        using LiveFrames live = LiveFrames.Open(link, filter);
        output.Note($"listening on {link}, {LinkTypeNames.Of((int)live.Link)}");

        // The system blocks in reading: not on a thread of the pool.
        await Task.Factory.StartNew(
            () => TakeAll(live.Read(cancellationToken), cancellationToken),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        (long received, long dropped) = live.Counters;
        output.Note($"{Frames(_shown)} captured");
        output.Note($"{Frames(received)} received by the filter");
        output.Note($"{Frames(dropped)} dropped by the system");
    }

    /// <summary>The same for a stack of the tool's own on the link.</summary>
    /// <exception cref="ToolException">The stack cannot be opened, or the filter cannot be used.</exception>
    public async Task ReadStackAsync(NetworkSettings network, CancellationToken cancellationToken)
    {
        var frames = new StackFrames();
        await using (NetworkSession session =
            await NetworkSession.OpenAsync(network with { Tap = frames }, cancellationToken))
        {
            bool isEthernet = session.Stack.Link.Info.Medium == Links.LinkMedium.Ethernet;
            filter.Check(isEthernet ? LinkType.Ethernet : LinkType.Raw);
            output.Note($"the stack {network.Address} runs on {network.Link}");
            try
            {
                await foreach (CapturedFrame frame in frames.ReadAsync(cancellationToken))
                {
                    if (filter.Matches(frame) && !await TakeAsync(frame, cancellationToken))
                        break;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The regular end.
            }
        }

        TellDrops();
        if (frames.Missed > 0)
            output.Note($"{Frames(frames.Missed)} came faster than they could be shown");
    }

    /// <summary>Writes the frames that are still in memory, also after a failure.</summary>
    /// <exception cref="ToolException">They cannot be written.</exception>
    public void EndWriting()
    {
        if (writer is not null)
            Write(writer.Flush);
    }

    private void TakeAll(IEnumerable<CapturedFrame> frames, CancellationToken cancellationToken)
    {
        try
        {
            foreach (CapturedFrame frame in frames)
            {
                if (!TakeAsync(frame, cancellationToken).AsTask().GetAwaiter().GetResult())
                    break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The regular end, while the name of a host was asked for.
        }
    }

    // Nothing is read before the first frame is asked for.
    private static IEnumerable<CapturedFrame> FramesOf(Stream stream)
    {
        foreach (CapturedFrame frame in CaptureFile.Read(stream))
        {
            yield return frame;
        }
    }

    private static bool TryNext(IEnumerator<CapturedFrame> frames, out CapturedFrame frame)
    {
        frame = default;
        try
        {
            if (!frames.MoveNext())
                return false;

            frame = frames.Current;
            return true;
        }
        catch (Exception error) when (CaptureFile.IsUnreadable(error))
        {
            throw new ToolException(Failure.Read, error.Message, error);
        }
    }

    private async ValueTask<bool> TakeAsync(CapturedFrame frame, CancellationToken cancellationToken)
    {
        if (DropText.ReasonOf(frame.Comment) is { } reason)
            _drops[reason] = _drops.GetValueOrDefault(reason) + 1;
        if (writer is not null)
            Write(() => writer.Write(frame));
        else
            await PrintAsync(frame, cancellationToken);
        return ++_shown < Limit;
    }

    private async ValueTask PrintAsync(CapturedFrame frame, CancellationToken cancellationToken)
    {
        DecodedFrame decoded = DecodedFrame.Of(frame);
        string text = await Text.OfAsync(frame, decoded, cancellationToken);
        output.Console.Out.WriteLine($"{TimeOf(frame)} {WayOf(frame)}{text}{DropOf(frame)}");
        if (!ShowsHex)
            return;

        foreach (string line in HexText.Lines(decoded.Packet))
        {
            output.Console.Out.WriteLine(line);
        }
    }

    private string WayOf(CapturedFrame frame) => !ShowsDrops ? "" : frame.Direction switch
    {
        PacketDirection.Received => "In  ",
        PacketDirection.Sent => "Out ",
        _ => "",
    };

    private string DropOf(CapturedFrame frame) =>
        ShowsDrops && DropText.ReasonOf(frame.Comment) is { } reason ? $" [dropped: {reason}]" : "";

    private static string TimeOf(CapturedFrame frame) => frame.Nanoseconds is { } nanoseconds
        ? DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100).ToLocalTime()
            .ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture)
        : "--:--:--.------";

    private static void Write(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Write, $"The capture cannot be written: {error.Message}", error);
        }
    }

    private void TellDrops()
    {
        if (!ShowsDrops)
            return;

        string reasons = string.Join(", ", _drops.Select(drop => $"{drop.Value} {drop.Key}"));
        output.Note(_drops.Count == 0 ? $"{Frames(_shown)}, none dropped"
            : $"{Frames(_shown)}, {_drops.Values.Sum()} dropped: {reasons}");
    }

    private static string Frames(long count) => count == 1 ? "1 frame" : $"{count} frames";
}
