using System.Net;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Allocations;

/// <summary>
/// What is held for connections that do nothing, by the collector's count. Runs alone: what other tests hold must not
/// be counted here.
/// </summary>
[Collection(nameof(AllocationTests))]
public sealed class IdleMemoryTests
{
    private const int Connections = 2_000;

    /// <summary>It is below 2,400; the rest is for what the runtime holds meanwhile.</summary>
    private const int MostBytesOfConnection = 2_448;

    private const int MostBytesOfTimeWait = 64;

    /// <summary>Numbers of four bytes, of which half are taken when the table is full.</summary>
    private const int MostBytesOfIndex = 8;

    [Fact]
    public async Task An_idle_connection_holds_little()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        var ends = new List<UserTcpConnection>(2 * Connections + 2);
        await AddUsedConnectionAsync(pair, listener, ends); // what is made once
        await UntilNothingIsBufferedAsync(pair).WaitAsync(StackPair.Guard);

        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Connections; i++)
        {
            await AddUsedConnectionAsync(pair, listener, ends);
        }

        await UntilNothingIsBufferedAsync(pair).WaitAsync(StackPair.Guard);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange((after - before) / (2 * Connections), 1, MostBytesOfConnection);
        Assert.Equal(Connections + 1, pair.Server.GetConnections().Count);
        ends.ForEach(end => end.Abort());
    }

    [Fact]
    public void An_entry_of_TIME_WAIT_holds_64_bytes_and_eight_of_index()
    {
        const int capacity = 65_536;
        var key = new SipHash(1, 2);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new TimeWaitTable(key, capacity, TimeSpan.FromSeconds(60));
        for (int i = 0; i < capacity; i++)
        {
            HostAddress peer = HostAddress.FromV4(0x0A00_0002 + (uint)(i >> 15));
            var flow = new FlowKey(HostAddress.FromV4(0x0A00_0001), 80, peer, (ushort)(i + 1));
            table.Add(flow, key.Hash(flow), default, new Instant(i));
        }

        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal(capacity, table.Count);
        Assert.Equal(MostBytesOfTimeWait, TimeWaitTable.EntryBytes);
        Assert.InRange((double)(after - before) / capacity, 1, MostBytesOfTimeWait + MostBytesOfIndex + 1);
    }

    private static async Task AddUsedConnectionAsync(
        StackPair pair, UserTcpListener listener, List<UserTcpConnection> ends)
    {
        ValueTask<UserTcpConnection> accept = listener.AcceptAsync();
        UserTcpConnection client = await pair.Client.ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 80));
        UserTcpConnection server = await accept;
        ends.Add(client);
        ends.Add(server);
        byte[] text = PipeWords.Pattern(100);
        await client.Output.SendAsync(text);
        await server.Input.ReadExactlyAsync(text.Length);
        await server.Output.SendAsync(text);
        await client.Input.ReadExactlyAsync(text.Length);
    }

    /// <summary>
    /// The last octets are acknowledged, and the chunks that held them are back: whatever their memory, none is out.
    /// </summary>
    private static async Task UntilNothingIsBufferedAsync(StackPair pair)
    {
        while (pair.Client.GetStatistics().BytesBuffered + pair.Server.GetStatistics().BytesBuffered > 0)
        {
            await Task.Yield();
        }
    }
}
