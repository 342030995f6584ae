using System.IO.Pipelines;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stress;

/// <summary>Tokens that are cancelled by other threads at any moment: nothing is lost, nothing hangs.</summary>
[Collection(RealTime.Name)]
public sealed class CancelStormTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Cancelled_reads_and_flushes_lose_no_byte(int seed)
    {
        const int bytes = 400_000;
        var small = new UserTcpConnectionOptions { SendBufferSize = 8 << 10, ReceiveBufferSize = 8 << 10 };
        await using StackPair pair = await StackPair.OpenAsync(
            o => o.ApplicationScheduler = seed == 1 ? PipeScheduler.ThreadPool : PipeScheduler.Inline);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(small, small);
        using var storm = new Storm(seed);
        Task write = Task.Run(() => WriteAsync(client.Output, storm, bytes));
        Assert.Equal(bytes, await Task.Run(() => ReadAsync(server.Input, storm)).WaitAsync(StackPair.Guard));
        await write.WaitAsync(StackPair.Guard);
    }

    private static async Task WriteAsync(PipeWriter output, Storm storm, int bytes)
    {
        for (int position = 0; position < bytes;)
        {
            int count = Math.Min(1 + position % 3_000, bytes - position);
            Patterned.Fill(output.GetSpan(count), 5, position, count);
            output.Advance(count);
            position += count;
            await storm.Try(token => output.FlushAsync(token).AsTask());
        }

        await output.CompleteAsync();
    }

    private static async Task<long> ReadAsync(PipeReader input, Storm storm)
    {
        long position = 0;
        while (true)
        {
            bool isDone = false;
            await storm.Try(async token =>
            {
                ReadResult result = await input.ReadAsync(token);
                Patterned.Check(result.Buffer, 5, position);
                position += result.Buffer.Length;
                input.AdvanceTo(result.Buffer.End);
                isDone = result.IsCompleted;
                return result;
            });
            if (isDone)
                return position;
        }
    }

    /// <summary>A thread that cancels whatever was begun last.</summary>
    private sealed class Storm : IDisposable
    {
        private readonly Random _random;
        private CancellationTokenSource? _next;
        private volatile bool _isOver;

        public Storm(int seed)
        {
            _random = new Random(seed);
            new Thread(Rage) { IsBackground = true }.Start();
        }

        /// <summary>The result, or the default if the storm was faster.</summary>
        public async Task<T?> Try<T>(Func<CancellationToken, Task<T>> begin)
        {
            var source = new CancellationTokenSource();
            Volatile.Write(ref _next, source);
            try
            {
                return await begin(source.Token);
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(source.Token, e.CancellationToken);
                return default;
            }
        }

        // Not joined: a cancelled call may go on, and end up here, on that very thread.
        public void Dispose() => _isOver = true;

        private void Rage()
        {
            while (!_isOver)
            {
                Thread.SpinWait(_random.Next(2_000));
                Interlocked.Exchange(ref _next, null)?.Cancel();
            }
        }
    }
}
