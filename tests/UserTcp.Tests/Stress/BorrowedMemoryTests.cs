using System.Buffers;
using System.IO.Pipelines;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stress;

/// <summary>Who holds memory of a connection that ended sees, and spoils, no other connection's bytes.</summary>
[Collection(RealTime.Name)]
public sealed class BorrowedMemoryTests
{
    private const int Held = 300_000;

    public enum Ending
    {
        Abort,
        Dispose,
        Close,
        PeerAbort,
    }

    [Theory]
    [InlineData(Ending.Abort)]
    [InlineData(Ending.Dispose)]
    [InlineData(Ending.Close)]
    [InlineData(Ending.PeerAbort)]
    public async Task A_result_that_is_out_keeps_its_bytes_whatever_ends_the_connection(Ending ending)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task write = Patterned.WriteAsync(server.Output, 1, Held, 10_000);
        ReadResult result = await client.Input.ReadAtLeastAsync(Held).AsTask().WaitAsync(StackPair.Guard);
        await write;

        await EndAsync(ending, client, server);
        await TransferAsync(pair, 2);

        Patterned.Check(result.Buffer, 1, 0);
    }

    [Theory]
    [InlineData(Ending.Abort)]
    [InlineData(Ending.Dispose)]
    [InlineData(Ending.Close)]
    [InlineData(Ending.PeerAbort)]
    public async Task Memory_that_a_writer_holds_is_nobody_elses_whatever_ends_the_connection(Ending ending)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task<long> read = Patterned.ReadAsync(server.Input, 1, 90_000);
        await Patterned.WriteAsync(client.Output, 1, 90_000, 30_000);
        Assert.Equal(90_000, await read.WaitAsync(StackPair.Guard));
        Memory<byte> memory = client.Output.GetMemory(1000);

        await EndAsync(ending, client, server);
        (UserTcpConnection otherClient, UserTcpConnection otherServer) = await pair.ConnectAsync();
        Task<long> others = Patterned.ReadAsync(otherServer.Input, 2, 1_000_000);
        for (int round = 0; round < 50; round++)
        {
            Span<byte> span = otherClient.Output.GetSpan(20_000);
            Patterned.Fill(span, 2, round * 20_000L, 20_000);
            memory.Span.Fill(0xee);
            otherClient.Output.Advance(20_000);
            await otherClient.Output.FlushAsync().AsTask().WaitAsync(StackPair.Guard);
        }

        Assert.Equal(1_000_000, await others.WaitAsync(StackPair.Guard));
    }

    [Fact]
    public async Task A_result_that_is_out_survives_its_stack()
    {
        StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task write = Patterned.WriteAsync(server.Output, 1, Held, 10_000);
        ReadResult result = await client.Input.ReadAtLeastAsync(Held).AsTask().WaitAsync(StackPair.Guard);
        await write;
        Memory<byte> memory = client.Output.GetMemory(5000);
        await pair.DisposeAsync().AsTask().WaitAsync(StackPair.Guard);

        await using StackPair other = await StackPair.OpenAsync();
        await TransferAsync(other, 2);
        memory.Span.Fill(0xee);
        GC.Collect();
        Patterned.Check(result.Buffer, 1, 0);
    }

    /// <summary>A chunk of 64 KiB for each would be lost from the budget, until the stack refuses all data.</summary>
    [Fact]
    public async Task Completing_the_output_of_a_disposed_connection_loses_no_memory()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        for (int i = 0; i < 20; i++)
        {
            (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
            await Patterned.WriteAsync(client.Output, i, 69_000, 69_000);
            await client.DisposeAsync();
            await client.Output.CompleteAsync();
            await Patterned.ReadAsync(server.Input, i);
            await server.CloseAsync().AsTask().WaitAsync(StackPair.Guard);
            await client.Closed.WaitAsync(StackPair.Guard);
        }

        Assert.Equal(0, pair.Client.GetStatistics().BytesBuffered);
        Assert.Equal(0, pair.Server.GetStatistics().BytesBuffered);
    }

    private static async Task EndAsync(Ending ending, UserTcpConnection client, UserTcpConnection server)
    {
        switch (ending)
        {
            case Ending.Abort:
                client.Abort();
                break;
            case Ending.Dispose:
                await client.DisposeAsync();
                await server.DisposeAsync();
                break;
            case Ending.Close:
                Task close = client.CloseAsync().AsTask();
                await server.CloseAsync().AsTask().WaitAsync(StackPair.Guard);
                await close.WaitAsync(StackPair.Guard);
                break;
            default:
                server.Abort();
                break;
        }

        await client.Closed.WaitAsync(StackPair.Guard);
    }

    private static async Task TransferAsync(StackPair pair, int owner)
    {
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task write = Task.WhenAll(
            Patterned.WriteAsync(server.Output, owner, 2_000_000, 40_000),
            Patterned.WriteAsync(client.Output, owner, 2_000_000, 40_000));
        Assert.Equal(2_000_000, await Patterned.ReadAsync(client.Input, owner, 2_000_000));
        Assert.Equal(2_000_000, await Patterned.ReadAsync(server.Input, owner, 2_000_000));
        await write.WaitAsync(StackPair.Guard);
    }
}
