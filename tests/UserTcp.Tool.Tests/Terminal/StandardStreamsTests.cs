using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Tests.Terminal;

public sealed class StandardStreamsTests
{
    [Fact]
    public async Task A_pipe_that_nobody_reads_is_noticed()
    {
        await using var write = new AnonymousPipeServerStream(PipeDirection.Out);
        var read = new AnonymousPipeClientStream(PipeDirection.In, write.ClientSafePipeHandle);
        using var handle = new SafeFileHandle(write.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        await using Stream? stream = StandardStreams.OpenPipe(handle);
        Assert.NotNull(stream);
        await stream.WriteAsync("heard"u8.ToArray());
        Assert.Equal('h', read.ReadByte());
        await read.DisposeAsync();

        IOException error = await Assert.ThrowsAsync<IOException>(
            async () => await stream.WriteAsync("not heard"u8.ToArray()));
        Assert.Equal(Failure.OutputClosed, OutputWatch.FailureOf(error).Failure);
    }

    [Fact]
    public async Task A_file_is_left_to_the_console_whose_position_is_shared()
    {
        string name = Path.GetTempFileName();
        await using (FileStream file = File.OpenWrite(name))
            Assert.Null(StandardStreams.OpenPipe(file.SafeFileHandle));
        File.Delete(name);
    }

    [Fact]
    public void The_first_failure_of_text_is_kept_and_asks_for_the_end()
    {
        using var watch = new OutputWatch();
        using var stream = new Support.BrokenStream(failure: 28, after: 6);
        TextWriter text = watch.WriteTo(stream, new UTF8Encoding(false));
        text.WriteLine("heard");
        Assert.Null(watch.Error);

        text.WriteLine("not heard");
        text.WriteLine("nor this");
        Assert.Equal(28, watch.Error!.HResult);
        Assert.True(watch.Failed.WaitHandle.WaitOne());
        Assert.Equal("heard\n", Encoding.UTF8.GetString(stream.ToArray()));
        Assert.Equal(Failure.Write, OutputWatch.FailureOf(watch.Error).Failure);
    }
}
