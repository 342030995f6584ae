using System.Diagnostics;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>Streams as fast as they go.</summary>
internal static class Bulk
{
    private const int PieceBytes = 256 << 10;
    private const double WarmUpShare = 0.25;

    public static async Task<Outcome> ReceiveAsync(IWires wires, int port, Order order)
    {
        IWire[] streams = await ConnectAsync(wires, port + PeerCommand.Source, order.Size);
        await Task.WhenAll(streams.Select(stream => TakeAsync(stream, order.Seconds * WarmUpShare)));
        long start = Stopwatch.GetTimestamp();
        long[] taken = await Task.WhenAll(streams.Select(stream => TakeAsync(stream, order.Seconds)));
        Outcome outcome = Rate(taken.Sum(), Stopwatch.GetElapsedTime(start));
        foreach (IWire stream in streams)
        {
            stream.Abort();
            await stream.DisposeAsync();
        }

        return outcome;
    }

    /// <summary>Until the peer has taken all of it and says so.</summary>
    public static async Task<Outcome> SendAsync(IWires wires, int port, Order order)
    {
        IWire[] streams = await ConnectAsync(wires, port + PeerCommand.Sink, order.Size);
        long[] before = await Task.WhenAll(streams.Select(stream => GiveAsync(stream, order.Seconds * WarmUpShare)));
        long start = Stopwatch.GetTimestamp();
        long[] given = await Task.WhenAll(streams.Select(async stream =>
        {
            long bytes = await GiveAsync(stream, order.Seconds);
            await stream.FinishWritingAsync();
            while (await stream.TakeAsync() > 0)
            {
                // The number comes when the peer has the last byte.
            }

            return bytes;
        }));
        Outcome outcome = Rate(given.Sum(), Stopwatch.GetElapsedTime(start));
        foreach (IWire stream in streams)
        {
            await stream.DisposeAsync();
        }

        return outcome with { Gigabytes = outcome.Gigabytes + before.Sum() / 1e9 };
    }

    /// <summary>Everybody wants to send at once, and each waits for his own writes only.</summary>
    public static async Task<Outcome> SendByThreadsAsync(IWires wires, int port, Order order)
    {
        IWire[] streams = await ConnectAsync(wires, port + PeerCommand.Sink, order.Size);
        var given = new long[streams.Length];
        long start = Stopwatch.GetTimestamp();
        Thread[] threads =
            [.. streams.Select((stream, i) => new Thread(() => given[i] = Give(stream, order.Seconds)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        foreach (IWire stream in streams)
        {
            stream.Abort();
            await stream.DisposeAsync();
        }

        return Rate(given.Sum(), time) with
        {
            Values = [Rate(given.Sum(), time).Values[0], given.Min() / given.Average()],
        };
    }

    private static Task<IWire[]> ConnectAsync(IWires wires, int port, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => wires.ConnectAsync(port).AsTask()));

    private static async Task<long> TakeAsync(IWire stream, double seconds)
    {
        long total = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            int taken = await stream.TakeAsync();
            total += taken > 0 ? taken : throw new InvalidDataException($"The stream ended after {total:N0} bytes.");
        }

        return total;
    }

    private static async Task<long> GiveAsync(IWire stream, double seconds)
    {
        byte[] piece = new byte[PieceBytes];
        long total = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            piece.AsSpan().Fill((byte)total);
            await stream.WriteAsync(piece);
            total += piece.Length;
        }

        return total;
    }

    private static long Give(IWire stream, double seconds)
    {
        byte[] piece = new byte[PieceBytes];
        long total = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            piece.AsSpan().Fill((byte)total);
            stream.Write(piece);
            total += piece.Length;
        }

        return total;
    }

    private static Outcome Rate(long bytes, TimeSpan time) =>
        new([bytes * 8 / time.TotalSeconds / 1e9], bytes / 1e9);
}
