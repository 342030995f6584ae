using System.Buffers;
using System.IO.Pipelines;
using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>
/// Calls on a connection that find the door taken are served later, and nothing changes for the bytes: neither for
/// those that were flushed before a completion or a disposal, nor for those that were consumed before it. Stacks have
/// one shard, two or five, behind a link with one queue.
/// </summary>
public sealed class RefusedEntryTests
{
    private const int Seeds = 150;

    [Fact]
    public void Bytes_are_the_same_whenever_calls_are_served()
    {
        long refused = 0, handedOver = 0;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            (long calls, long frames) = RunOne(seed);
            refused += calls;
            handedOver += frames;
        }

        Assert.True(refused > Seeds * 30, $"Only {refused} calls were refused.");
        Assert.True(handedOver > Seeds * 30, $"Only {handedOver} frames were handed over.");
    }

    private static (long Refused, long HandedOver) RunOne(ulong seed)
    {
        SeededRandom shards = new SeededRandom(seed).Derive(0x5a2d);
        var random = new SeededRandom(seed);
        using var network = new SimulatedNetwork(seed) { EntryRefusals = 0.1 + (0.8 * random.NextDouble()) };
        var link = new SimulatedLinkOptions { Delay = TimeSpan.FromMilliseconds(random.Next(3)) };
        SimulatedHost server = network.AddHost("server", link, options => Narrow(options, random, shards));
        SimulatedHost client = network.AddHost("client", link, options => Narrow(options, random, shards));
        long handedOver = 0;
        if (random.Next(2) == 0)
            client.Link.Outgoing.Add(new RandomLoss(0.02));
        try
        {
            network.Run(() => Task.WhenAll(Enumerable.Range(0, 3).Select(
                i => CarryAsync(client, server, (ushort)(80 + i), random.Derive((ulong)i)))));
            handedOver = HandedOver(server) + HandedOver(client);
            network.Run(() => Task.WhenAll(
                client.Stack.DisposeAsync().AsTask(), server.Stack.DisposeAsync().AsTask()));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
        }

        return (network.RefusedEntries, handedOver);
    }

    private static long HandedOver(SimulatedHost host) => host.Stack.GetStatistics().FramesHandedOver;

    private static void Narrow(UserTcpStackOptions options, SeededRandom random, SeededRandom shards)
    {
        options.Shards = shards.Next(2) == 0 ? 1 : shards.Next(2) == 0 ? 2 : 5;
        options.ConnectionDefaults = new UserTcpConnectionOptions
        {
            SendBufferSize = 1 << (12 + random.Next(7)),
            ReceiveBufferSize = 1 << (12 + random.Next(7)),
        };
    }

    private static async Task CarryAsync(SimulatedHost client, SimulatedHost server, ushort port, SeededRandom random)
    {
        await using UserTcpListener listener = await server.Stack.ListenAsync(port);
        UserTcpConnection there = await client.Stack.ConnectAsync(server.Address, port);
        UserTcpConnection here = await listener.AcceptAsync();
        int[] lengths = [random.Next(200_000), random.Next(2) == 0 ? 0 : random.Next(100_000)];
        await Task.WhenAll(
            WriteAsync(there, lengths[0], random.Derive(1)), EndAsync(here, lengths, random.Derive(2)),
            ReadAsync(there, lengths[1], waitsForEnd: true, random.Derive(4)));
        await there.DisposeAsync();
        Assert.Equal(UserTcpCloseReason.Graceful, await there.Closed);
        Assert.Equal(UserTcpCloseReason.Graceful, await here.Closed);
    }

    // It has read all, if not the peer's FIN: letting go is an orderly end.
    private static async Task EndAsync(UserTcpConnection connection, int[] lengths, SeededRandom random)
    {
        await Task.WhenAll(
            WriteAsync(connection, lengths[1], random.Derive(1)),
            ReadAsync(connection, lengths[0], waitsForEnd: random.Next(2) == 0, random.Derive(2)));
        await connection.DisposeAsync();
    }

    private static byte ByteAt(long position) => (byte)(position * 31 >> 3);

    private static async Task WriteAsync(UserTcpConnection connection, int length, SeededRandom random)
    {
        int written = 0;
        while (written < length)
        {
            int count = Math.Min(length - written, 1 + random.Next(random.Next(4) == 0 ? 70_000 : 3_000));
            Memory<byte> memory = connection.Output.GetMemory(random.Next(2) == 0 ? count : 1);
            count = Math.Min(count, memory.Length);
            for (int i = 0; i < count; i++)
            {
                memory.Span[i] = ByteAt(written + i);
            }

            connection.Output.Advance(count);
            written += count;
            await FlushAsync(connection.Output, random);
        }

        if (random.Next(2) == 0)
            await connection.Output.CompleteAsync();
        else
            connection.ShutdownOutput();
    }

    private static async Task FlushAsync(PipeWriter output, SeededRandom random)
    {
        switch (random.Next(5))
        {
            case 0:
                return; // with a later one
            case 1:
                Task<FlushResult> flush = output.FlushAsync().AsTask();
                output.CancelPendingFlush();
                await flush;
                return;
            case 2:
                await CancelledFlush(output).ContinueWith(
                    static _ => { }, TaskScheduler.FromCurrentSynchronizationContext());
                return;
            default:
                await output.FlushAsync();
                return;
        }
    }

    private static Task CancelledFlush(PipeWriter output)
    {
        using var source = new CancellationTokenSource();
        Task flush = output.FlushAsync(source.Token).AsTask();
        source.Cancel(); // on this thread, as all of a simulation
        return flush;
    }

    private static async Task ReadAsync(
        UserTcpConnection connection, int length, bool waitsForEnd, SeededRandom random)
    {
        long read = 0;
        while (read < length || waitsForEnd)
        {
            ReadResult result = random.Next(4) == 0 && read < length
                ? await connection.Input.ReadAtLeastAsync(1 + random.Next(Math.Min(2000, length - (int)read)))
                : await connection.Input.ReadAsync();
            long end = read;
            foreach (ReadOnlyMemory<byte> memory in result.Buffer)
            {
                for (int i = 0; i < memory.Length; i++)
                {
                    Assert.Equal(ByteAt(end++), memory.Span[i]);
                }
            }

            long consumed = result.IsCompleted || random.Next(3) > 0
                ? result.Buffer.Length
                : random.Next((int)Math.Min(result.Buffer.Length + 1, 4_000));
            connection.Input.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.End);
            read += consumed;
            if (result.IsCompleted)
                break;
        }

        Assert.Equal(length, read);
    }
}
